<?php

/** Measures phpredis with the same load:  php bench/redis.php HOST PORT */

declare(strict_types=1);

require __DIR__ . '/load.php';

$redis = new Redis();
$redis->connect($argv[1], (int) $argv[2]);
load(
    $redis->set(...),
    $redis->get(...),
    static function (array $keys, string $value) use ($redis): void {
        $pipeline = $redis->pipeline();
        foreach ($keys as $key) {
            $pipeline->set($key, $value);
        }
        $pipeline->exec();
    },
    static function (array $keys) use ($redis): array {
        $pipeline = $redis->pipeline();
        foreach ($keys as $key) {
            $pipeline->get($key);
        }
        return $pipeline->exec();
    },
);
