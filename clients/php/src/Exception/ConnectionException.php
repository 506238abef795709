<?php

declare(strict_types=1);

namespace MerkleKV\Exception;

/**
 * The connection could not be opened or it broke, TLS failed, or the client was closed. The next
 * call opens another. If it broke behind a write, nobody knows whether the node did it.
 */
final class ConnectionException extends NodeException
{
}
