<?php

declare(strict_types=1);

namespace MerkleKV;

use MerkleKV\Exception\InvalidArgumentException;
use MerkleKV\Exception\ServerException;

/** The dialect of MerkleKV 0.1: no quotes, lists without an end, lines that the node trims. */
final class LegacyDialect extends Dialect
{
    /** Sent behind INFO and STATS, which do not say where they end. */
    private const END_OF_REPORT = 'end-of-report';

    /** White space as Unicode has it, which \s alone is not. */
    private const SPACE = '[\s\x{85}\p{Z}]';

    /**
     * Refuses keys that the node would trim.
     */
    public function line(Request $request): string
    {
        if ($request->form === Form::Key || $request->form === Form::Keys) {
            foreach ($request->arguments as $key) {
                $this->untrimmed('key', $key);
            }
        }
        return parent::line($request);
    }

    protected function missing(): string
    {
        return 'NOT_FOUND';
    }

    protected function value(string $value): string
    {
        if ($value === '') {
            throw self::refused('an empty value');
        }
        if (strpbrk($value, "\r\n") !== false) {
            throw self::refused('a value with line breaks');
        }
        return $this->untrimmed('value', $value);
    }

    protected function word(string $value): string
    {
        if (strpbrk($value, " \t") !== false) {
            throw self::refused('a value with spaces or tabs in mset; use set');
        }
        return $this->value($value);
    }

    protected function name(string $name): string
    {
        if ($name === '' || strpbrk($name, " \t\r\n") !== false) {
            throw self::refused('a prefix, a user or a password that is empty or has spaces');
        }
        return $this->untrimmed('prefix, user or password', $name);
    }

    protected function page(string $prefix, ?string $last): string
    {
        return $prefix === '' ? '' : ' ' . $this->name($prefix);
    }

    protected function report(): string
    {
        return "\r\nPING " . self::END_OF_REPORT;
    }

    protected function unwritten(string $written): string
    {
        return $written;
    }

    /**
     * A line "key value" or "key NOT_FOUND" for each key. A value may be NOT_FOUND itself, and then
     * only the number of found keys in the header tells.
     */
    protected function values(array $keys): array
    {
        $line = $this->connection->firstLine();
        if ($line === 'NOT_FOUND') {
            return array_fill(0, count($keys), null);
        }
        $found = $this->count($line, 'VALUES ');
        $values = [];
        foreach ($keys as $key) {
            $line = $this->connection->nextLine();
            if (!str_starts_with($line, "$key ")) {
                $this->connection->unexpected($line, "the line of the key $key");
            }
            $text = substr($line, strlen($key) + 1);
            $values[] = $text === 'NOT_FOUND' && $found !== count($keys) ? null : $text;
        }
        $count = count($values) - count(array_keys($values, null, true));
        if ($count !== $found) {
            $this->connection->broken("the node says that $found keys have a value and sent $count");
        }
        return $values;
    }

    protected function readPage(): array
    {
        $count = $this->count($this->connection->firstLine(), 'KEYS ');
        $keys = [];
        while ($count-- > 0) {
            $keys[] = $this->connection->nextLine();
        }
        return [$keys, false];
    }

    protected function readReport(string $verb): array
    {
        $last = 'PONG ' . self::END_OF_REPORT;
        try {
            $line = $this->connection->firstLine();
        } catch (ServerException $refusal) {
            // The PING behind the report is answered all the same.
            $line = $this->connection->nextLine();
            throw $line === $last ? $refusal : $this->connection->unexpected($line, $last);
        }
        if ($line !== $verb) {
            $this->connection->unexpected($line, $verb);
        }
        return $this->linesOfReport($last);
    }

    private function untrimmed(string $what, string $text): string
    {
        $space = self::SPACE;
        $trimmed = preg_match("/\\A$space|$space\\z/u", $text);
        if ($trimmed === false) {
            throw self::refused("a $what that is not UTF-8");
        }
        return $trimmed === 0 ? $text : throw self::refused("a $what with white space at its ends");
    }

    private static function refused(string $what): InvalidArgumentException
    {
        return new InvalidArgumentException("the legacy dialect of this node cannot carry $what");
    }
}
