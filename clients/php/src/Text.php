<?php

declare(strict_types=1);

namespace MerkleKV;

use MerkleKV\Exception\InvalidArgumentException;

/** How keys and values are written and read: which need quotes, and what is in them. */
final class Text
{
    private const CONTROL = '\x00-\x08\x0a-\x1f\x7f';

    /** UTF-8 with something in it, unambiguous at its ends, without control characters but tab. */
    private const RAW = '/\A(?!["\x20])[^' . self::CONTROL . ']++(?<!\x20)\z/u';

    /** A byte that belongs to no well-formed UTF-8 (Unicode 15, table 3-7). */
    private const ILL_FORMED = '/(?:[\x00-\x7f]|[\xc2-\xdf][\x80-\xbf]'
        . '|\xe0[\xa0-\xbf][\x80-\xbf]|[\xe1-\xec\xee\xef][\x80-\xbf]{2}|\xed[\x80-\x9f][\x80-\xbf]'
        . '|\xf0[\x90-\xbf][\x80-\xbf]{2}|[\xf1-\xf3][\x80-\xbf]{3}|\xf4[\x80-\x8f][\x80-\xbf]{2})'
        . '(*SKIP)(*FAIL)|[\x80-\xff]/';

    private const NAMED = ['"' => '\"', '\\' => '\\\\', "\n" => '\n', "\r" => '\r', "\t" => '\t', "\0" => '\0'];

    /** @var array<string, string> */
    private static array $escapes = [];

    /** @var array<string, string> */
    private static array $unescapes = [];

    /** A key, checked: one word of a line. */
    public static function key(string $key): string
    {
        if (preg_match('/\A[^\x00-\x20\x7f]++\z/u', $key) === 1) {
            return $key;
        }
        throw new InvalidArgumentException(match (true) {
            $key === '' => 'the key is empty; a key has at least one byte',
            !self::isUtf8($key) => 'the key ' . self::shown($key) . ' is not UTF-8',
            default => 'the key ' . self::shown($key) . ' has a space or a control character; keys have neither',
        });
    }

    public static function isUtf8(string $text): bool
    {
        return preg_match('//u', $text) === 1;
    }

    /** A value as it is written: in quotes if it has to be. */
    public static function value(string $value): string
    {
        return preg_match(self::RAW, $value) === 1 ? $value : self::quote($value);
    }

    /** Likewise between the words of MSET, where spaces and tabs separate. */
    public static function word(string $value): string
    {
        return strpbrk($value, " \t") === false ? self::value($value) : self::quote($value);
    }

    /** A text in quotes, with the escapes of the protocol. */
    public static function quote(string $text): string
    {
        $escaped = strtr($text, self::escapes());
        if (!self::isUtf8($escaped)) {
            $escaped = preg_replace_callback(
                self::ILL_FORMED,
                static fn (array $found): string => sprintf('\x%02x', ord($found[0])),
                $escaped,
            );
        }
        return "\"$escaped\"";
    }

    /** What a node wrote, out of its quotes; null if it does not end as a quoted string. */
    public static function unquote(string $written): ?string
    {
        if (strlen($written) < 2 || !str_ends_with($written, '"')) {
            return null;
        }
        $inner = substr($written, 1, -1);
        // Not by one regular expression, which would take more stack than there is for a long value.
        $unescaped = strtr($inner, self::unescapes());
        $withoutEscapes = strtr($inner, array_fill_keys(array_keys(self::unescapes()), ''));
        return strpbrk($withoutEscapes, '"\\') === false ? $unescaped : null;
    }

    /** The beginning of what is shown in a message. */
    public static function shown(string $text): string
    {
        return strlen($text) > 80 ? self::quote(substr($text, 0, 80)) . '…' : self::quote($text);
    }

    /** @return array<string, string> */
    private static function escapes(): array
    {
        if (self::$escapes === []) {
            foreach ([...range(0, 31), 127] as $byte) {
                self::$escapes[chr($byte)] = sprintf('\x%02x', $byte);
            }
            self::$escapes = array_merge(self::$escapes, self::NAMED);
        }
        return self::$escapes;
    }

    /** @return array<string, string> */
    private static function unescapes(): array
    {
        if (self::$unescapes === []) {
            $digits = str_split('0123456789abcdefABCDEF');
            foreach ($digits as $high) {
                foreach ($digits as $low) {
                    self::$unescapes["\\x$high$low"] = chr((int) hexdec($high . $low));
                }
            }
            self::$unescapes += array_flip(self::NAMED);
        }
        return self::$unescapes;
    }
}
