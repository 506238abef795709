<?php

declare(strict_types=1);

namespace MerkleKV;

/**
 * What a node speaks over one connection: the lines that are sent, and the replies to them. Replies
 * that are none to their command throw a ProtocolException, and refusals a ServerException.
 */
abstract class Dialect
{
    /** How many keys a scan asks for at a time. */
    protected const PAGE = 1000;

    public function __construct(protected readonly Connection $connection)
    {
    }

    /** The command line of a request. Throws if the dialect cannot carry it. */
    public function line(Request $request): string
    {
        $arguments = $request->arguments;
        $words = match ($request->form) {
            Form::Bare => '',
            Form::Key => " $arguments[0]",
            Form::KeyAndNumber => " $arguments[0] $arguments[1]",
            Form::KeyAndValue => " $arguments[0] " . $this->value($arguments[1]),
            Form::Value => ' ' . $this->value($arguments[0]),
            Form::Keys => ' ' . implode(' ', $arguments),
            Form::Pairs => $this->pairs($arguments),
            Form::Prefix => $arguments[0] === '' ? '' : ' ' . $this->name($arguments[0]),
            Form::Page => $this->page(...$arguments),
            Form::Login => ' ' . $this->name($arguments[0]) . ' ' . $this->name($arguments[1]),
            Form::Report => $this->report(),
        };
        return "$request->verb$words\r\n";
    }

    /** The result that the node sends for a request. */
    public function read(Request $request): mixed
    {
        return match ($request->reply) {
            Reply::Ok => $this->ok(),
            Reply::Value => $this->parseValue($this->connection->firstLine()),
            Reply::Text => $this->text(),
            Reply::NewNumber => $this->number('VALUE ', PHP_INT_MIN),
            Reply::Count => $this->number("$request->verb ", 0),
            Reply::Ttl => $this->number('TTL ', -2),
            Reply::Deleted => $this->either('DELETED'),
            Reply::Changed => $this->either('OK'),
            Reply::Pong => $this->pong(),
            Reply::Message => $this->message($request->verb === 'PING' ? 'PONG ' : 'ECHO ', $request->arguments[0]),
            Reply::Hash => $this->hash(),
            Reply::Version => $this->version(),
            Reply::Values => $this->values($request->arguments),
            Reply::Page => $this->readPage(),
            Reply::Report => $this->readReport($request->verb),
        };
    }

    /** What stands for a missing key. */
    abstract protected function missing(): string;

    /** A value at the end of a line. */
    abstract protected function value(string $value): string;

    /** A value of MSET. */
    abstract protected function word(string $value): string;

    /** A prefix, a user or a password. */
    abstract protected function name(string $name): string;

    abstract protected function page(string $prefix, ?string $last): string;

    abstract protected function report(): string;

    /** What a value or a key in a reply stands for. */
    abstract protected function unwritten(string $written): string;

    /**
     * @param list<string> $keys
     * @return list<string|null>
     */
    abstract protected function values(array $keys): array;

    /** @return array{list<string>, bool} keys, and whether there may be more behind them */
    abstract protected function readPage(): array;

    /** @return array<string, string> */
    abstract protected function readReport(string $verb): array;

    protected function parseValue(string $line): ?string
    {
        if (str_starts_with($line, 'VALUE ')) {
            return $this->unwritten(substr($line, 6));
        }
        return $line === $this->missing() ? null : $this->connection->unexpected($line, 'a value');
    }

    /** The count in the header of a list. */
    protected function count(string $line, string $name): int
    {
        return $this->integer($line, $name, 0);
    }

    /**
     * The lines of INFO and STATS. How many there are is not said, so together they may have as
     * many bytes as a line.
     *
     * @return array<string, string>
     */
    protected function linesOfReport(string $last): array
    {
        $report = [];
        $size = 0;
        while (($line = $this->connection->nextLine()) !== $last) {
            $size += strlen($line);
            if ($size > $this->connection->replyLimit()) {
                $this->connection->broken('the report is longer than the reply limit');
            }
            $parts = explode(':', $line, 2);
            if (count($parts) < 2) {
                $this->connection->unexpected($line, 'a name and a text with a colon between them');
            }
            $report[$parts[0]] = $parts[1];
        }
        return $report;
    }

    /** @param list<string> $arguments keys and values in turns */
    private function pairs(array $arguments): string
    {
        $words = '';
        for ($i = 0; $i < count($arguments); $i += 2) {
            $words .= " $arguments[$i] " . $this->word($arguments[$i + 1]);
        }
        return $words;
    }

    private function ok(): void
    {
        $line = $this->connection->firstLine();
        if ($line !== 'OK') {
            $this->connection->unexpected($line, 'OK');
        }
    }

    private function text(): string
    {
        $line = $this->connection->firstLine();
        if (!str_starts_with($line, 'VALUE ')) {
            $this->connection->unexpected($line, 'the new value');
        }
        return $this->unwritten(substr($line, 6));
    }

    private function number(string $name, int $least): int
    {
        return $this->integer($this->connection->firstLine(), $name, $least);
    }

    private function integer(string $line, string $name, int $least): int
    {
        if (str_starts_with($line, $name)) {
            $number = filter_var(substr($line, strlen($name)), FILTER_VALIDATE_INT);
            if ($number !== false && $number >= $least) {
                return $number;
            }
        }
        $this->connection->unexpected($line, "{$name}and a number of 64 bits");
    }

    private function either(string $yes): bool
    {
        $line = $this->connection->firstLine();
        return match ($line) {
            $yes => true,
            'NOT_FOUND' => false,
            default => $this->connection->unexpected($line, "$yes or NOT_FOUND"),
        };
    }

    private function pong(): string
    {
        $line = $this->connection->firstLine();
        // The legacy dialect leaves the space that would precede a message.
        return rtrim($line, ' ') === 'PONG' ? 'PONG' : $this->connection->unexpected($line, 'PONG');
    }

    private function message(string $name, string $sent): string
    {
        $line = $this->connection->firstLine();
        $isThere = str_starts_with($line, $name) && $this->unwritten(substr($line, strlen($name))) === $sent;
        return $isThere ? $sent : $this->connection->unexpected($line, "{$name}and the message");
    }

    private function hash(): string
    {
        $line = $this->connection->firstLine();
        // A prefix, if one was asked for, stands before the digest.
        return preg_match('/\AHASH (?:.* )?([0-9a-f]{64})\z/s', $line, $found) === 1
            ? $found[1]
            : $this->connection->unexpected($line, 'a hash of 64 hex digits');
    }

    private function version(): string
    {
        $line = $this->connection->firstLine();
        return preg_match('/\A(?:MerkleKV|VERSION) (.+)\z/', $line, $found) === 1
            ? $found[1]
            : $this->connection->unexpected($line, 'the version of a MerkleKV node');
    }
}
