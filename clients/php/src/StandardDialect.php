<?php

declare(strict_types=1);

namespace MerkleKV;

/** The dialect of MerkleKV since 0.2: values are quoted where they have to be, and lists end. */
final class StandardDialect extends Dialect
{
    protected function missing(): string
    {
        return '(null)';
    }

    protected function value(string $value): string
    {
        return Text::value($value);
    }

    protected function word(string $value): string
    {
        return Text::word($value);
    }

    protected function name(string $name): string
    {
        return Text::quote($name);
    }

    protected function page(string $prefix, ?string $last): string
    {
        $after = $last === null ? '' : ' AFTER ' . Text::quote($last);
        return ' ' . Text::quote($prefix) . $after . ' LIMIT ' . self::PAGE;
    }

    protected function report(): string
    {
        return '';
    }

    protected function unwritten(string $written): string
    {
        if (!str_starts_with($written, '"')) {
            return $written;
        }
        return Text::unquote($written)
            ?? $this->connection->unexpected($written, 'a quoted string with its end');
    }

    protected function values(array $keys): array
    {
        $count = $this->count($this->connection->firstLine(), 'VALUES ');
        if ($count !== count($keys)) {
            $this->connection->broken("the node sent $count values for " . count($keys) . ' keys');
        }
        $values = [];
        while ($count-- > 0) {
            $values[] = $this->parseValue($this->connection->nextLine());
        }
        $this->end();
        return $values;
    }

    protected function readPage(): array
    {
        $count = $this->count($this->connection->firstLine(), 'KEYS ');
        if ($count > self::PAGE) {
            $this->connection->broken("the node sent $count keys where at most " . self::PAGE . ' were asked for');
        }
        $keys = [];
        for ($i = 0; $i < $count; $i++) {
            $keys[] = $this->unwritten($this->connection->nextLine());
        }
        $this->end();
        return [$keys, $count === self::PAGE];
    }

    protected function readReport(string $verb): array
    {
        $title = $verb === 'INFO' ? '# Server Information' : $verb;
        $line = $this->connection->firstLine();
        if ($line !== $title) {
            $this->connection->unexpected($line, $title);
        }
        return $this->linesOfReport('END');
    }

    private function end(): void
    {
        $line = $this->connection->nextLine();
        if ($line !== 'END') {
            $this->connection->unexpected($line, 'END');
        }
    }
}
