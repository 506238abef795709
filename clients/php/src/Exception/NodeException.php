<?php

declare(strict_types=1);

namespace MerkleKV\Exception;

/** An error that has to do with a node. */
abstract class NodeException extends MerkleKVException
{
    /** @param string $address host:port of the node */
    public function __construct(public readonly string $address, string $message)
    {
        parent::__construct("$address: $message");
    }
}
