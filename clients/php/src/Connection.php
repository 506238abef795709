<?php

declare(strict_types=1);

namespace MerkleKV;

use MerkleKV\Exception\ProtocolException;
use MerkleKV\Exception\ServerException;

/** One connection, in step: whoever has it may send a command and read its reply. */
final class Connection
{
    /**
     * How many bytes of commands may be on their way before their replies are read. A node stops
     * reading from a client that leaves its replies unread, so writing without end would wait for
     * ever.
     */
    private const WINDOW = 32 * 1024;

    public readonly string $address;
    private readonly Lines $lines;
    private readonly int $timeout;
    private Dialect $dialect;

    /** When the reply that is waited for has to be there, in nanoseconds of the monotonic clock. */
    public int $deadline;

    public function __construct(private readonly Socket $socket, Options $options, int $deadline)
    {
        $this->address = $options->address;
        $this->lines = new Lines($options->replyLimit);
        $this->timeout = (int) ($options->timeout * 1e9);
        $this->deadline = $deadline;
    }

    /** Asks which dialect the node speaks, and logs in if there is somebody to be. */
    public function greet(?Request $login): void
    {
        $this->socket->write("VERSION\r\n", $this->deadline);
        $greeting = $this->firstLine();
        $this->dialect = match (1) {
            preg_match('/\AMerkleKV ./', $greeting) => new StandardDialect($this),
            preg_match('/\AVERSION ./', $greeting) => new LegacyDialect($this),
            default => $this->unexpected($greeting, 'the version of a MerkleKV node'),
        };
        if ($login !== null) {
            $this->ask($login);
        }
    }

    /** Sends a command and gives its result. */
    public function ask(Request $request): mixed
    {
        $this->socket->write($this->dialect->line($request), $this->deadline);
        return $this->dialect->read($request);
    }

    /**
     * Sends many commands, and gives the result of each, or its ServerException.
     *
     * @param list<Request> $requests
     * @return list<mixed>
     */
    public function askAll(array $requests): array
    {
        // All lines before any is sent, as the dialect may refuse one.
        $lines = array_map($this->dialect->line(...), $requests);
        $results = [];
        while (($done = count($results)) < count($requests)) {
            $size = $this->writeWindow($lines, $done);
            for ($i = $done; $i < $done + $size; $i++) {
                try {
                    $results[] = $this->dialect->read($requests[$i]);
                } catch (ServerException $refusal) {
                    $results[] = $refusal;
                }
                $this->deadline = hrtime(true) + $this->timeout;
            }
        }
        return $results;
    }

    /** The first line of a reply. Throws if it is a refusal. */
    public function firstLine(): string
    {
        $line = $this->nextLine();
        if (str_starts_with($line, 'ERROR')) {
            throw new ServerException($this->address, preg_replace('/\AERROR:? ?/', '', $line));
        }
        return $line;
    }

    public function nextLine(): string
    {
        $line = $this->lines->next();
        while ($line === null) {
            // A carriage return may be the last byte.
            if ($this->lines->unfinished() > $this->lines->limit + 1) {
                $this->tooLong();
            }
            $line = $this->lines->next($this->lines->add($this->socket->read($this->deadline)));
        }
        return strlen($line) <= $this->lines->limit ? $line : $this->tooLong();
    }

    /** How many bytes a line, and a report, may have. */
    public function replyLimit(): int
    {
        return $this->lines->limit;
    }

    /** Whether bytes have been read that nobody asked for. */
    public function hasLeftOver(): bool
    {
        return $this->lines->unfinished() > 0;
    }

    public function isStale(): bool
    {
        return $this->socket->isStale();
    }

    public function close(): void
    {
        $this->socket->close();
    }

    public function unexpected(string $line, string $expected): never
    {
        $shown = Text::shown($line);
        $this->broken("the node sent $shown where $expected was expected; is it a MerkleKV node?");
    }

    public function broken(string $message): never
    {
        throw new ProtocolException($this->address, $message);
    }

    /**
     * Sends as many of the lines behind the first ones as fit, at least one, and gives their number.
     *
     * @param list<string> $lines
     */
    private function writeWindow(array $lines, int $first): int
    {
        $batch = $lines[$first];
        $size = 1;
        while (isset($lines[$first + $size]) && strlen($batch) + strlen($lines[$first + $size]) <= self::WINDOW) {
            $batch .= $lines[$first + $size++];
        }
        $this->socket->write($batch, $this->deadline);
        return $size;
    }

    private function tooLong(): never
    {
        $this->broken("a line is longer than the reply limit of {$this->lines->limit} bytes");
    }
}
