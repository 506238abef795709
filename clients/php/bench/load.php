<?php

/** What both benchmark programs run: the same calls, as often, with the same data. */

declare(strict_types=1);

const WARM_UP = 2000;
const SINGLE_CALLS = 20_000;
const BATCH = 100;
const PIPELINED = 200_000;
const KEYS = 1000;

/**
 * Prints operations per second.
 *
 * @param callable(string, string): void $set
 * @param callable(string): mixed $get
 * @param callable(list<string>, string): void $setAll
 * @param callable(list<string>): list<mixed> $getAll
 */
function load(callable $set, callable $get, callable $setAll, callable $getAll): void
{
    $keys = array_map(static fn (int $number): string => "bench:$number", range(0, KEYS - 1));
    $batches = array_chunk($keys, BATCH);
    $value = str_repeat('x', 64);
    for ($i = 0; $i < WARM_UP; $i++) {
        $set($keys[$i % KEYS], $value);
    }
    measure('single set', SINGLE_CALLS, 1, static fn (int $i) => $set($keys[$i % KEYS], $value));
    measure('single get', SINGLE_CALLS, 1, static fn (int $i) => check([$get($keys[$i % KEYS])], $value));
    $calls = intdiv(PIPELINED, BATCH);
    measure('pipelined set', $calls, BATCH, static fn (int $i) => $setAll($batches[$i % count($batches)], $value));
    measure('pipelined get', $calls, BATCH, static fn (int $i) => check($getAll($batches[$i % count($batches)]), $value));
}

function check(array $got, string $expected): void
{
    foreach ($got as $value) {
        if ($value !== $expected) {
            throw new RuntimeException(var_export($value, true) . ' came back');
        }
    }
}

function measure(string $name, int $calls, int $operations, callable $call): void
{
    $start = hrtime(true);
    for ($i = 0; $i < $calls; $i++) {
        $call($i);
    }
    printf("%s %d\n", $name, $calls * $operations / ((hrtime(true) - $start) / 1e9));
}
