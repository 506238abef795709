<?php

declare(strict_types=1);

namespace MerkleKV\Exception;

/**
 * A reply was not there in time. The connection is closed, since a late reply would be taken for
 * that of the next command.
 */
final class TimeoutException extends NodeException
{
}
