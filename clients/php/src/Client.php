<?php

declare(strict_types=1);

namespace MerkleKV;

use MerkleKV\Exception\ConnectionException;
use MerkleKV\Exception\InvalidArgumentException;
use MerkleKV\Exception\ServerException;

/**
 * Talks to one node over one connection, which the first call opens.
 *
 * Operations fail with a MerkleKV\Exception\MerkleKVException. Those that only read are asked once
 * more if the connection breaks; others are not.
 */
final class Client
{
    use Operations;

    /** Nanoseconds that a connection may be unused before it is looked at. */
    private const IDLE_CHECK = 1_000_000_000;

    /** Microseconds behind the first attempt to connect. Each further pause is twice as long. */
    private const FIRST_PAUSE = 50_000;

    private readonly Options $options;
    private ?Connection $connection = null;
    private ?Request $login = null;
    private int $lastUsed = 0;
    private bool $isClosed = false;

    /**
     * Opens no connection: the first call does.
     *
     * @param float $timeout seconds that one reply may take, connecting included
     * @param string|null $user who logs in, on every connection
     * @param Tls|null $tls to speak TLS
     * @param int $connectAttempts how often connecting is tried before a call fails
     * @param int $replyLimit bytes of the longest line that is read
     */
    public function __construct(
        string $host = 'localhost',
        int $port = 7379,
        float $timeout = 5.0,
        ?string $user = null,
        #[\SensitiveParameter] ?string $password = null,
        ?Tls $tls = null,
        int $connectAttempts = 4,
        int $replyLimit = 16 * 1024 * 1024,
    ) {
        $this->options = new Options($host, $port, $timeout, $tls, $connectAttempts, $replyLimit);
        if ($user !== null) {
            $this->login = self::loginOf($user, $password ?? '');
        }
    }

    /**
     * The keys that begin with a prefix, in byte order. Asks for 1000 at a time, when the loop gets
     * there; other calls may be made within it.
     *
     * @return \Generator<int, string>
     */
    public function scan(string $prefix = ''): \Generator
    {
        $last = null;
        do {
            [$keys, $more] = $this->run(new Request('SCAN', Form::Page, [$prefix, $last], Reply::Page, true));
            foreach ($keys as $key) {
                yield $key;
                $last = $key;
            }
        } while ($more);
    }

    /** Logs in: this connection, and those after it, are this user's. */
    public function auth(string $user, #[\SensitiveParameter] string $password): void
    {
        $login = self::loginOf($user, $password);
        $this->run($login);
        $this->login = $login;
    }

    /** An empty pipeline. */
    public function pipeline(): Pipeline
    {
        return new Pipeline(fn (array $requests): array => $requests === [] ? [] : $this->converse(
            false, static fn (Connection $connection): array => $connection->askAll($requests),
        ));
    }

    /** Closes the connection. May be called twice. */
    public function close(): void
    {
        $this->isClosed = true;
        $this->drop();
    }

    protected function run(Request $request): mixed
    {
        return $this->converse(
            $request->isRead, static fn (Connection $connection): mixed => $connection->ask($request),
        );
    }

    protected function known(mixed $result): mixed
    {
        return $result;
    }

    private static function loginOf(string $user, #[\SensitiveParameter] string $password): Request
    {
        return new Request('AUTH', Form::Login, [$user, $password], Reply::Ok);
    }

    /** Has a function talk to the node; once more if the connection breaks and that does no harm. */
    private function converse(bool $again, \Closure $talk): mixed
    {
        $deadline = hrtime(true) + (int) ($this->options->timeout * 1e9);
        try {
            return $this->talk($this->connected($deadline), $deadline, $talk);
        } catch (ConnectionException $broken) {
            // Without a connection nothing was asked, and connecting was tried often enough.
            if (!$again || $this->connection === null) {
                $this->drop();
                throw $broken;
            }
        }
        $this->drop();
        return $this->talk($this->connected($deadline), $deadline, $talk);
    }

    /** Whatever else ends a call leaves the connection out of step, and it is closed then. */
    private function talk(Connection $connection, int $deadline, \Closure $talk): mixed
    {
        $connection->deadline = $deadline;
        $this->lastUsed = hrtime(true);
        try {
            return $talk($connection);
        } catch (ServerException | InvalidArgumentException | ConnectionException $failure) {
            // What broke is closed by whoever decides whether to ask again.
            throw $failure;
        } catch (\Throwable $failure) {
            $this->drop();
            throw $failure;
        }
    }

    /** The connection, or another one if the node closed it or said what nobody asked for. */
    private function connected(int $deadline): Connection
    {
        if ($this->isClosed) {
            throw new ConnectionException($this->options->address, 'the client was closed; make another');
        }
        if ($this->connection?->hasLeftOver()
            || hrtime(true) - $this->lastUsed > self::IDLE_CHECK && $this->connection?->isStale()) {
            $this->drop();
        }
        return $this->connection ??= $this->dial($deadline);
    }

    private function dial(int $deadline): Connection
    {
        $pause = self::FIRST_PAUSE;
        for ($attempt = 1; ; $attempt++) {
            try {
                return $this->open($deadline);
            } catch (ConnectionException $failure) {
                // Up to half is left off at random ("equal jitter"), for the clients of a node that
                // restarts not to come all at once.
                $wait = random_int(intdiv($pause, 2), $pause);
                if ($attempt >= $this->options->connectAttempts || hrtime(true) + $wait * 1000 > $deadline) {
                    throw $failure;
                }
                usleep($wait);
                $pause *= 2;
            }
        }
    }

    private function open(int $deadline): Connection
    {
        $connection = new Connection(Socket::open($this->options, $deadline), $this->options, $deadline);
        try {
            $connection->greet($this->login);
        } catch (\Throwable $failure) {
            $connection->close();
            throw $failure;
        }
        return $connection;
    }

    private function drop(): void
    {
        $this->connection?->close();
        $this->connection = null;
    }
}
