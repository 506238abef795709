<?php

declare(strict_types=1);

namespace MerkleKV\Exception;

/** The answer is none of this protocol, or not one to this command. The connection is closed. */
final class ProtocolException extends NodeException
{
}
