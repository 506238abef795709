<?php

declare(strict_types=1);

namespace MerkleKV;

use MerkleKV\Exception\ConnectionException;
use MerkleKV\Exception\TimeoutException;

/** A stream to a node that gives up at a deadline, in nanoseconds of the monotonic clock. */
final class Socket
{
    private const CHUNK = 65536;

    /** @param resource $stream */
    private function __construct(
        private $stream,
        private readonly bool $isPlain,
        private readonly string $address,
        private readonly float $timeout,
    ) {
    }

    /** Connects, and shakes hands if TLS is wanted. */
    public static function open(Options $options, int $deadline): self
    {
        $context = stream_context_create([
            'socket' => ['tcp_nodelay' => true],
            'ssl' => $options->tls?->context($options->host) ?? [],
        ]);
        $left = self::secondsUntil($deadline, $options);
        [$stream, $failure] = self::warned(static function () use ($options, $left, $context, &$code) {
            return stream_socket_client(
                "tcp://$options->address", $code, $message, $left, STREAM_CLIENT_CONNECT, $context,
            );
        });
        if ($stream === false) {
            self::secondsUntil($deadline, $options);
            throw new ConnectionException(
                $options->address, "cannot connect; is a node running there? $failure",
            );
        }
        stream_set_blocking($stream, false);
        stream_set_read_buffer($stream, 0);
        stream_set_write_buffer($stream, 0);
        stream_set_chunk_size($stream, self::CHUNK);
        $socket = new self($stream, $options->tls === null, $options->address, $options->timeout);
        if ($options->tls !== null) {
            $socket->secure($deadline);
        }
        return $socket;
    }

    /** Sends all of it. */
    public function write(string $bytes, int $deadline): void
    {
        while ($bytes !== '') {
            [$sent, $failure] = self::warned(fn () => fwrite($this->stream, $bytes));
            if ($sent === false) {
                throw new ConnectionException($this->address, "the connection broke: $failure");
            }
            if ($sent === strlen($bytes)) {
                return;
            }
            $bytes = substr($bytes, $sent);
            $this->wait($deadline, forWriting: true);
        }
    }

    /** Reads what there is, at least one byte. */
    public function read(int $deadline): string
    {
        // A plain socket is waited for first, as its reply is hardly ever there yet. What TLS has
        // decrypted already, no waiting would tell of.
        if ($this->isPlain) {
            $this->wait($deadline);
        }
        while (($bytes = @fread($this->stream, self::CHUNK)) === '' || $bytes === false) {
            if (feof($this->stream)) {
                throw new ConnectionException($this->address, 'the node closed the connection');
            }
            $this->wait($deadline);
        }
        return $bytes;
    }

    /** Whether the node closed the connection, or sent what nobody asked for. */
    public function isStale(): bool
    {
        return @fread($this->stream, 1) !== '' || feof($this->stream);
    }

    public function close(): void
    {
        if (is_resource($this->stream)) {
            fclose($this->stream);
        }
    }

    private function secure(int $deadline): void
    {
        $methods = STREAM_CRYPTO_METHOD_TLSv1_2_CLIENT | STREAM_CRYPTO_METHOD_TLSv1_3_CLIENT;
        try {
            while (true) {
                [$done, $failure] = self::warned(fn () => stream_socket_enable_crypto($this->stream, true, $methods));
                if ($done === true) {
                    return;
                }
                if ($done === false) {
                    throw new ConnectionException($this->address, "TLS failed: $failure");
                }
                $this->wait($deadline);
            }
        } catch (\Throwable $failure) {
            $this->close();
            throw $failure;
        }
    }

    private function wait(int $deadline, bool $forWriting = false): void
    {
        $left = $deadline - hrtime(true);
        if ($left > 0) {
            $read = $forWriting ? [] : [$this->stream];
            $write = $forWriting ? [$this->stream] : [];
            $except = [];
            // False if a signal came; whoever waits tries again.
            $ready = @stream_select($read, $write, $except, intdiv($left, 1_000_000_000), intdiv($left, 1000) % 1_000_000);
            if ($ready !== 0) {
                return;
            }
        }
        throw self::late($this->address, $this->timeout);
    }

    private static function secondsUntil(int $deadline, Options $options): float
    {
        $left = ($deadline - hrtime(true)) / 1e9;
        return $left > 0 ? $left : throw self::late($options->address, $options->timeout);
    }

    private static function late(string $address, float $timeout): TimeoutException
    {
        return new TimeoutException(
            $address, "no reply within $timeout s; is the node overloaded, or the timeout too short?",
        );
    }

    /**
     * The result of a function, and what PHP would have printed about its failure.
     *
     * @return array{mixed, string}
     */
    private static function warned(\Closure $function): array
    {
        $messages = [];
        set_error_handler(static function (int $level, string $message) use (&$messages): bool {
            $messages[] = preg_replace('/^\w+\(\): /', '', trim($message));
            return true;
        });
        try {
            return [$function(), implode('; ', $messages)];
        } finally {
            restore_error_handler();
        }
    }
}
