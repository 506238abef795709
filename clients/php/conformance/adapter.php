<?php

/**
 * The adapter of the conformance suite: it makes the calls that it reads, one a line, with the
 * client library, and answers each with one line. See ../../conformance/README.md.
 */

declare(strict_types=1);

require __DIR__ . '/../autoload.php';
require __DIR__ . '/wire.php';

use MerkleKV\Client;
use MerkleKV\Exception\ConnectionException;
use MerkleKV\Exception\InvalidArgumentException;
use MerkleKV\Exception\MerkleKVException;
use MerkleKV\Exception\ProtocolException;
use MerkleKV\Exception\ServerException;
use MerkleKV\Exception\TimeoutException;
use MerkleKV\Pipeline;
use MerkleKV\Tls;

const SILENT = ['set', 'set_bytes', 'mset', 'flush', 'auth', 'close'];

/** Holds the client of the calls. */
final class Adapter
{
    private Client $client;

    public function __construct()
    {
        $this->client = new Client();
    }

    public function run(): void
    {
        while (($line = fgets(STDIN)) !== false) {
            [$name, $arguments] = self::callOf($line);
            try {
                $answer = $name === 'pipeline' ? $this->pipeline((int) $arguments[0]) : $this->answer($name, $arguments);
            } catch (MerkleKVException $failure) {
                $answer = self::error($failure);
            }
            fwrite(STDOUT, "$answer\n");
        }
    }

    /** @return array{string, list<string>} */
    private static function callOf(string $line): array
    {
        $fields = decodeLine(substr($line, 0, -1));
        return [array_shift($fields), $fields];
    }

    private function answer(string $name, array $arguments): string
    {
        if ($name === 'connect') {
            $this->connect($arguments[0], (int) $arguments[1], array_slice($arguments, 2));
            return 'ok';
        }
        return encodeResult(self::make($this->client, $name, $arguments), in_array($name, SILENT, true));
    }

    private function connect(string $host, int $port, array $settings): void
    {
        $this->client->close();
        $options = [];
        foreach ($settings as $setting) {
            [$name, $value] = explode('=', $setting, 2);
            $options[$name] = $value;
        }
        $tls = isset($options['tls']) ? new Tls(
            $options['ca'] ?? null, $options['server_name'] ?? null, $options['cert'] ?? null, $options['key'] ?? null,
        ) : null;
        $this->client = new Client(
            $host,
            $port,
            timeout: (float) ($options['timeout_ms'] ?? 5000) / 1000,
            user: $options['user'] ?? null,
            password: $options['password'] ?? null,
            tls: $tls,
            connectAttempts: (int) ($options['connect_attempts'] ?? 4),
            replyLimit: (int) ($options['reply_limit'] ?? 16 * 1024 * 1024),
        );
    }

    private function pipeline(int $count): string
    {
        $calls = [];
        while (count($calls) < $count) {
            $calls[] = self::callOf(fgets(STDIN));
        }
        $pipeline = $this->client->pipeline();
        foreach ($calls as [$name, $arguments]) {
            self::make($pipeline, $name, $arguments);
        }
        $lines = [encodeLine('results', (string) $count)];
        foreach ($pipeline->execute() as $i => $result) {
            $lines[] = $result instanceof ServerException
                ? self::error($result)
                : encodeResult($result, in_array($calls[$i][0], SILENT, true));
        }
        return implode("\n", $lines);
    }

    private static function make(Client|Pipeline $target, string $name, array $arguments): mixed
    {
        return match ($name) {
            'get_bytes' => $target->get(...$arguments),
            'set_bytes' => $target->set(...$arguments),
            'incr', 'decr', 'expire' => $target->$name($arguments[0], ...array_map(self::integer(...), array_slice($arguments, 1))),
            'mset' => $target->mset(self::pairs($arguments)),
            'scan' => iterator_to_array($target->scan(...$arguments), false),
            default => $target->$name(...$arguments),
        };
    }

    /** A generator, since an array has each key once and makes numbers of some. */
    private static function pairs(array $arguments): \Generator
    {
        foreach (array_chunk($arguments, 2) as [$key, $value]) {
            yield $key => $value;
        }
    }

    /** What PHP's type does not let reach the library is refused here. */
    private static function integer(string $digits): int
    {
        $number = filter_var($digits, FILTER_VALIDATE_INT);
        return $number !== false ? $number : throw new InvalidArgumentException("$digits is no int");
    }

    private static function error(MerkleKVException $failure): string
    {
        $kind = match (true) {
            $failure instanceof InvalidArgumentException => 'argument',
            $failure instanceof ConnectionException => 'connection',
            $failure instanceof TimeoutException => 'timeout',
            $failure instanceof ProtocolException => 'protocol',
            $failure instanceof ServerException => 'server',
        };
        $code = $failure instanceof ServerException ? $failure->reason : '';
        return encodeLine('error', $kind, $code, $failure->getMessage());
    }
}

(new Adapter())->run();
