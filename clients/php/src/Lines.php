<?php

declare(strict_types=1);

namespace MerkleKV;

/** Splits what a socket receives at line feeds. Its buffer grows with the longest line. */
final class Lines
{
    private string $buffer = '';
    private int $start = 0;

    /** @param int $limit bytes of a line, without its end */
    public function __construct(public readonly int $limit)
    {
    }

    /** The next line without its end; null if it has not come yet. */
    public function next(int $searched = 0): ?string
    {
        $end = strpos($this->buffer, "\n", max($this->start, $searched));
        if ($end === false) {
            return null;
        }
        $line = substr($this->buffer, $this->start, $end - $this->start);
        $this->start = $end + 1;
        return str_ends_with($line, "\r") ? substr($line, 0, -1) : $line;
    }

    /** Takes more bytes, and gives from where on a line feed is to be searched. */
    public function add(string $bytes): int
    {
        if ($this->start > 0) {
            $this->buffer = substr($this->buffer, $this->start);
            $this->start = 0;
        }
        $searched = strlen($this->buffer);
        $this->buffer .= $bytes;
        return $searched;
    }

    /** How many bytes there are that have not been given as lines. */
    public function unfinished(): int
    {
        return strlen($this->buffer) - $this->start;
    }
}
