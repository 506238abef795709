<?php

/** The suite's line format: fields with tabs between them, and %HH for what would break a line. */

declare(strict_types=1);

/** @return list<string> */
function decodeLine(string $line): array
{
    return array_map(static fn (string $field): string => preg_replace_callback(
        '/%([0-9A-Fa-f]{2})/', static fn (array $found): string => chr((int) hexdec($found[1])), $field,
    ), explode("\t", $line));
}

/** A line of fields. Every byte that is not UTF-8 is escaped. */
function encodeLine(string ...$fields): string
{
    return implode("\t", array_map(static function (string $field): string {
        $line = strtr($field, ['%' => '%25', "\t" => '%09', "\n" => '%0A', "\r" => '%0D']);
        return preg_match('//u', $line) === 1 ? $line : preg_replace_callback(
            '/[\x80-\xff]/', static fn (array $found): string => sprintf('%%%02X', ord($found[0])), $line,
        );
    }, $fields));
}

/** What a call gave. A call that gives nothing says ok. */
function encodeResult(mixed $result, bool $isSilent): string
{
    return match (true) {
        $isSilent => 'ok',
        $result === null => 'nil',
        is_string($result) => encodeLine('text', $result),
        is_int($result) => encodeLine('int', (string) $result),
        is_bool($result) => encodeLine('bool', $result ? 'true' : 'false'),
        array_is_list($result) => encodeLine('list', ...array_map(
            static fn (?string $item): string => $item === null ? '!' : "=$item", $result,
        )),
        default => encodeLine('map', ...array_merge(...array_map(
            static fn (string $name, string $text): array => [$name, $text], array_keys($result), $result,
        ))),
    };
}
