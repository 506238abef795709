<?php

declare(strict_types=1);

use MerkleKV\Exception\InvalidArgumentException;
use MerkleKV\Text;

function testValuesAreQuotedOnlyWhereTheyHaveToBe(): void
{
    $written = [
        'plain' => 'plain',
        'two words' => 'two words',
        "a\tb" => "a\tb",
        'say "hi"' => 'say "hi"',
        'grüße 🚀' => 'grüße 🚀',
        "\u{2028}" => "\u{2028}",
        '' => '""',
        ' a' => '" a"',
        'a ' => '"a "',
        '"a' => '"\"a"',
        "a\n" => '"a\n"',
        "a\r\nb\0\x01\x7f" => '"a\r\nb\0\x01\x7f"',
        "a\\\n" => '"a\\\\\n"',
        "\xff\xc3\xa9\xc3" => '"\xffé\xc3"',
        "\xed\xa0\x80" => '"\xed\xa0\x80"',
    ];
    foreach ($written as $value => $expected) {
        same($expected, Text::value((string) $value));
    }
}

function testWordsAreQuotedForSpacesAndTabsToo(): void
{
    same('a', Text::word('a'));
    same('"a b"', Text::word('a b'));
    same('"a\tb"', Text::word("a\tb"));
}

function testUnquotingIsTheReverseOfQuoting(): void
{
    $all = implode('', array_map(chr(...), range(0, 255)));
    foreach (['', 'a', '"', '\\', $all, strrev($all), str_repeat("\x01\xff\\\"é\n", 300_000)] as $value) {
        same($value, Text::unquote(Text::quote($value)));
    }
    same("A\xff\xFF", Text::unquote('"\x41\xff\xFF"'));
}

function testWhatDoesNotEndAsAQuotedStringIsNone(): void
{
    foreach (['"', '"a', '"a\"', '"a" b"', '"\q"', '"\x4"', '"\xzz"', '"\\\\\""a"'] as $written) {
        same(null, Text::unquote($written));
    }
}

function testKeysAreOneWordOfUtf8(): void
{
    foreach (['k', 'a:b', '"', 'ключ', "a\u{a0}b"] as $key) {
        same($key, Text::key($key));
    }
    foreach (['' => 'empty', 'a b' => 'space', "a\n" => 'control', "\x7f" => 'control', "\xff" => 'UTF-8'] as $key => $told) {
        $problem = thrown(InvalidArgumentException::class, static fn () => Text::key((string) $key));
        same(true, str_contains($problem->getMessage(), $told));
    }
}
