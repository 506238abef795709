<?php

declare(strict_types=1);

namespace MerkleKV\Exception;

/** What every operation of this library fails with. */
abstract class MerkleKVException extends \RuntimeException
{
}
