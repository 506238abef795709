<?php

/** Measures this library:  php bench/merklekv.php HOST PORT */

declare(strict_types=1);

require __DIR__ . '/../autoload.php';
require __DIR__ . '/load.php';

$kv = new MerkleKV\Client($argv[1], (int) $argv[2]);
load(
    $kv->set(...),
    $kv->get(...),
    static function (array $keys, string $value) use ($kv): void {
        $pipeline = $kv->pipeline();
        foreach ($keys as $key) {
            $pipeline->set($key, $value);
        }
        $pipeline->execute();
    },
    static function (array $keys) use ($kv): array {
        $pipeline = $kv->pipeline();
        foreach ($keys as $key) {
            $pipeline->get($key);
        }
        return $pipeline->execute();
    },
);
