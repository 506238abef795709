<?php

declare(strict_types=1);

namespace MerkleKV;

use MerkleKV\Exception\InvalidArgumentException;

/** What a client was made with. */
final class Options
{
    /** host:port, with an IPv6 address in brackets. */
    public readonly string $address;

    public function __construct(
        public readonly string $host,
        int $port,
        public readonly float $timeout,
        public readonly ?Tls $tls,
        public readonly int $connectAttempts,
        public readonly int $replyLimit,
    ) {
        $this->address = str_contains($host, ':') ? "[$host]:$port" : "$host:$port";
        self::check($port >= 1 && $port <= 65535, "the port is $port, not a number from 1 to 65535");
        self::check($timeout > 0, "the timeout is $timeout s, not above zero");
        self::check($connectAttempts >= 1, "connectAttempts is $connectAttempts, not at least 1");
        self::check($replyLimit >= 1, "replyLimit is $replyLimit bytes, not at least 1");
    }

    private static function check(bool $isGood, string $problem): void
    {
        if (!$isGood) {
            throw new InvalidArgumentException($problem);
        }
    }
}
