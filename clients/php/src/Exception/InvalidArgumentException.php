<?php

declare(strict_types=1);

namespace MerkleKV\Exception;

/** Refused before anything was sent, such as a key with a space. The connection lives. */
final class InvalidArgumentException extends MerkleKVException
{
}
