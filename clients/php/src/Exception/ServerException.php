<?php

declare(strict_types=1);

namespace MerkleKV\Exception;

/** The node refused the command. The connection lives. */
final class ServerException extends NodeException
{
    /**
     * The words of the sentence before its first colon, such as "Wrong type", or all of it if it
     * has none.
     */
    public readonly string $reason;

    /** @param string $sentence what the node said */
    public function __construct(string $address, public readonly string $sentence)
    {
        $this->reason = explode(':', $sentence, 2)[0];
        parent::__construct($address, "the node refused the command: $sentence");
    }
}
