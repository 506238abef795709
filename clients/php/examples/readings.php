<?php

/**
 * Keeps what sensors measure: the last value of each, how many there were, and who is silent.
 *
 *     php examples/readings.php [HOST [PORT]]
 */

declare(strict_types=1);

require __DIR__ . '/../autoload.php';

use MerkleKV\Client;

/** A sensor from which nothing came for so many seconds is silent. */
const SILENT_AFTER = 60;

/** @param array<string, float> $readings degrees by sensor */
function store(Client $kv, array $readings): void
{
    $pipeline = $kv->pipeline();
    foreach ($readings as $sensor => $degrees) {
        $pipeline->set("temperature:$sensor", (string) $degrees);
        $pipeline->expire("temperature:$sensor", SILENT_AFTER);
        $pipeline->incr("readings:$sensor");
    }
    $pipeline->execute();
}

function show(Client $kv): void
{
    foreach ($kv->scan('readings:') as $key) {
        $sensor = substr($key, strlen('readings:'));
        $degrees = $kv->get("temperature:$sensor") ?? 'silent';
        printf("%-8s %6s  %d readings\n", $sensor, $degrees, $kv->get($key));
    }
}

$kv = new Client($argv[1] ?? 'localhost', (int) ($argv[2] ?? 7379));
store($kv, ['hall' => 19.5, 'cellar' => 12.0, 'roof' => 27.25]);
store($kv, ['hall' => 19.75]);
$kv->delete('temperature:roof');
show($kv);
$kv->close();
