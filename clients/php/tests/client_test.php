<?php

declare(strict_types=1);

use MerkleKV\Client;
use MerkleKV\Exception\ConnectionException;
use MerkleKV\Exception\InvalidArgumentException;
use MerkleKV\Exception\MerkleKVException;
use MerkleKV\Exception\ServerException;
use MerkleKV\Tls;

/**
 * A process that plays a node: it takes one connection, answers each line that it is told with what
 * stands there, and prints what else it gets. Gives its port, and what waits for its end.
 *
 * @param array<string, string> $answers by line
 * @return array{int, Closure(): string}
 */
function playedNode(array $answers): array
{
    $program = '$node = stream_socket_server("tcp://127.0.0.1:0");'
        . 'echo parse_url("tcp://" . stream_socket_get_name($node, false), PHP_URL_PORT), "\n";'
        . '$answers = ' . var_export(['VERSION' => "MerkleKV 0.2.0\r\n"] + $answers, true) . ';'
        . '$client = stream_socket_accept($node, 10);'
        . 'while (($line = fgets($client)) !== false) {'
        . '    $line = rtrim($line, "\r\n"); echo $line, "\n"; fwrite($client, $answers[$line]); }';
    $process = proc_open([PHP_BINARY, '-r', $program], [1 => ['pipe', 'w']], $pipes);
    $port = (int) fgets($pipes[1]);
    return [$port, static function () use ($process, $pipes): string {
        $lines = stream_get_contents($pipes[1]);
        proc_close($process);
        return $lines;
    }];
}

function testAClientConnectsWithItsFirstCall(): void
{
    $kv = new Client('127.0.0.1', 1, connectAttempts: 1);
    $problem = thrown(ConnectionException::class, static fn () => $kv->get('k'));
    same('127.0.0.1:1', $problem->address);
    same(true, str_contains($problem->getMessage(), '127.0.0.1:1: cannot connect'));
}

function testScanAsksForAPageWhenTheLoopGetsThere(): void
{
    $keys = array_map(static fn (int $i): string => sprintf('k%04d', $i), range(0, 999));
    [$port, $received] = playedNode([
        'SCAN "k" LIMIT 1000' => "KEYS 1000\r\n" . implode("\r\n", $keys) . "\r\nEND\r\n",
        'GET k0000' => "VALUE v\r\n",
        'SCAN "k" AFTER "k0999" LIMIT 1000' => "KEYS 0\r\nEND\r\n",
    ]);
    $kv = new Client('127.0.0.1', $port);
    $scan = $kv->scan('k');
    same('k0000', $scan->current());
    same('v', $kv->get('k0000'));
    same(1000, count(iterator_to_array($scan, false)));
    $kv->close();
    same("VERSION\nSCAN \"k\" LIMIT 1000\nGET k0000\nSCAN \"k\" AFTER \"k0999\" LIMIT 1000\n", $received());
}

function testAPipelineIsOneListOfResults(): void
{
    [$port, $received] = playedNode([
        'SET a 1' => "OK\r\n",
        'INCR t 1' => "ERROR: Wrong type: the value of 't' is no number\r\n",
        'GET a' => "VALUE 1\r\n",
    ]);
    $kv = new Client('127.0.0.1', $port);
    $pipeline = $kv->pipeline();
    $pipeline->set('a', '1');
    $pipeline->mget();
    $pipeline->incr('t');
    $pipeline->get('a');
    same(4, count($pipeline));
    [$set, $nothing, $refusal, $value] = $pipeline->execute();
    same([null, [], '1'], [$set, $nothing, $value]);
    same(true, $refusal instanceof ServerException);
    same('Wrong type', $refusal->reason);
    same([], $pipeline->execute());
    $kv->close();
    same("VERSION\nSET a 1\nINCR t 1\nGET a\n", $received());
}

function testNumbersAsKeysOfAnArrayAreKeys(): void
{
    [$port, $received] = playedNode(['MSET 42 a 7 "b c"' => "OK\r\n"]);
    $kv = new Client('127.0.0.1', $port);
    $kv->mset(['42' => 'a', '7' => 'b c']);
    $kv->close();
    same("VERSION\nMSET 42 a 7 \"b c\"\n", $received());
}

function testAnExceptionWithinACallLeavesNoReplyBehind(): void
{
    [$port, $received] = playedNode(['GET a' => '']);
    $kv = new Client('127.0.0.1', $port, timeout: 0.1, connectAttempts: 1);
    thrown(MerkleKVException::class, static fn () => $kv->get('a'));
    // The connection is closed, so that the node, which takes one, has come to its end.
    same("VERSION\nGET a\n", $received());
    thrown(ConnectionException::class, static fn () => $kv->get('b'));
}

function testOptionsAreChecked(): void
{
    foreach ([['port' => 0], ['timeout' => 0.0], ['connectAttempts' => 0], ['replyLimit' => 0]] as $wrong) {
        thrown(InvalidArgumentException::class, static fn () => new Client(...$wrong));
    }
    $problem = thrown(InvalidArgumentException::class, static fn () => new Tls(certFile: 'a.pem'));
    same(true, str_contains($problem->getMessage(), 'keyFile'));
    $problem = thrown(InvalidArgumentException::class, static fn () => new Tls(caFile: __FILE__));
    same(true, str_contains($problem->getMessage(), __FILE__));
}

function testPasswordsAreNotInStackTraces(): void
{
    if (PHP_VERSION_ID < 80200) {
        return;
    }
    $kv = new Client('127.0.0.1', 1, connectAttempts: 1);
    $problem = thrown(ConnectionException::class, static fn () => $kv->auth('alice', 'opensesame'));
    same(false, str_contains($problem->getTraceAsString(), 'opensesame'));
}
