<?php

declare(strict_types=1);

namespace MerkleKV;

/**
 * The operations that a client does at once and a pipeline collects. In a pipeline each gives null,
 * and what is said here of its result is what Pipeline::execute gives.
 *
 * Keys are UTF-8 without spaces and control characters; values are any bytes.
 */
trait Operations
{
    /** Does or collects a request. */
    abstract protected function run(Request $request): mixed;

    /** Gives or collects a result that needs no asking. */
    abstract protected function known(mixed $result): mixed;

    /** Gives a key a value, without an expiry. */
    public function set(string $key, string $value): void
    {
        $this->run(new Request('SET', Form::KeyAndValue, [Text::key($key), $value], Reply::Ok));
    }

    /** The value of a key, or null. */
    public function get(string $key): ?string
    {
        return $this->run(new Request('GET', Form::Key, [Text::key($key)], Reply::Value, true));
    }

    /** Deletes a key; false if there was none. */
    public function delete(string $key): ?bool
    {
        return $this->run(new Request('DEL', Form::Key, [Text::key($key)], Reply::Deleted));
    }

    /** Adds to the number of a key and gives the new one. A missing key counts as 0. */
    public function incr(string $key, int $n = 1): ?int
    {
        return $this->run(new Request('INCR', Form::KeyAndNumber, [Text::key($key), $n], Reply::NewNumber));
    }

    /** Subtracts from the number of a key and gives the new one. A missing key counts as 0. */
    public function decr(string $key, int $n = 1): ?int
    {
        return $this->run(new Request('DECR', Form::KeyAndNumber, [Text::key($key), $n], Reply::NewNumber));
    }

    /** Puts a value behind that of the key and gives the whole. */
    public function append(string $key, string $value): ?string
    {
        return $this->run(new Request('APPEND', Form::KeyAndValue, [Text::key($key), $value], Reply::Text));
    }

    /** Puts a value before that of the key and gives the whole. */
    public function prepend(string $key, string $value): ?string
    {
        return $this->run(new Request('PREPEND', Form::KeyAndValue, [Text::key($key), $value], Reply::Text));
    }

    /**
     * For each key what get would give.
     *
     * @return list<string|null>|null
     */
    public function mget(string ...$keys): ?array
    {
        $keys = array_map(Text::key(...), array_values($keys));
        return $keys === []
            ? $this->known([])
            : $this->run(new Request('MGET', Form::Keys, $keys, Reply::Values, true));
    }

    /**
     * Gives several keys their values: all of them, or none if it fails.
     *
     * @param iterable<string|int, string> $pairs keys and their values
     */
    public function mset(iterable $pairs): void
    {
        $arguments = [];
        foreach ($pairs as $key => $value) {
            // PHP makes numbers of the keys of an array that look like some.
            array_push($arguments, Text::key((string) $key), $value);
        }
        $arguments === []
            ? $this->known(null)
            : $this->run(new Request('MSET', Form::Pairs, $arguments, Reply::Ok));
    }

    /** How many of the keys there are; a key named twice counts twice. */
    public function exists(string ...$keys): ?int
    {
        $keys = array_map(Text::key(...), array_values($keys));
        return $keys === []
            ? $this->known(0)
            : $this->run(new Request('EXISTS', Form::Keys, $keys, Reply::Count, true));
    }

    /**
     * Has a key deleted in so many seconds, on every node; at once if they are not above zero.
     * False if there is no such key.
     */
    public function expire(string $key, int $seconds): ?bool
    {
        return $this->run(new Request('EXPIRE', Form::KeyAndNumber, [Text::key($key), $seconds], Reply::Changed));
    }

    /** Keeps a key that was to expire; false if there is no key with an expiry. */
    public function persist(string $key): ?bool
    {
        return $this->run(new Request('PERSIST', Form::Key, [Text::key($key)], Reply::Changed));
    }

    /** Whole seconds until a key expires; -1 without an expiry, -2 without a key. */
    public function ttl(string $key): ?int
    {
        return $this->run(new Request('TTL', Form::Key, [Text::key($key)], Reply::Ttl, true));
    }

    /** The number of keys. */
    public function dbsize(): ?int
    {
        return $this->run(new Request('DBSIZE', Form::Bare, [], Reply::Count, true));
    }

    /** The message, or PONG without one. */
    public function ping(?string $message = null): ?string
    {
        return $message === null
            ? $this->run(new Request('PING', Form::Bare, [], Reply::Pong, true))
            : $this->run(new Request('PING', Form::Value, [$message], Reply::Message, true));
    }

    /** The message. */
    public function echo(string $message): ?string
    {
        return $this->run(new Request('ECHO', Form::Value, [$message], Reply::Message, true));
    }

    /**
     * The node, its data and its place in the cluster.
     *
     * @return array<string, string>|null
     */
    public function info(): ?array
    {
        return $this->run(new Request('INFO', Form::Report, [], Reply::Report, true));
    }

    /**
     * The counters of the node since its start.
     *
     * @return array<string, string>|null
     */
    public function stats(): ?array
    {
        return $this->run(new Request('STATS', Form::Report, [], Reply::Report, true));
    }

    /** The version of the node, such as 0.2.0. */
    public function version(): ?string
    {
        return $this->run(new Request('VERSION', Form::Bare, [], Reply::Version, true));
    }

    /** Estimated bytes of the node's data. */
    public function memory(): ?int
    {
        return $this->run(new Request('MEMORY', Form::Bare, [], Reply::Count, true));
    }

    /** The root of the node's Merkle tree, or that of the keys with a prefix: 64 hex digits. */
    public function hash(string $prefix = ''): ?string
    {
        return $this->run(new Request('HASH', Form::Prefix, [$prefix], Reply::Hash, true));
    }

    /** Deletes every key of the whole cluster, not only of this node. */
    public function flush(): void
    {
        $this->run(new Request('FLUSH', Form::Bare, [], Reply::Ok));
    }
}
