<?php

declare(strict_types=1);

namespace MerkleKV;

/**
 * A command that is not written yet: how depends on the dialect, which is known only when there is
 * a connection.
 */
final class Request
{
    /**
     * @param list<mixed> $arguments as the form wants them
     * @param bool $isRead whether asking twice does no harm
     */
    public function __construct(
        public readonly string $verb,
        public readonly Form $form,
        public readonly array $arguments,
        public readonly Reply $reply,
        public readonly bool $isRead = false,
    ) {
    }
}
