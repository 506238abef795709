<?php

declare(strict_types=1);

namespace MerkleKV;

/**
 * Collects operations and sends them together. Client::pipeline makes it.
 *
 *     $pipeline->set('a', '1');
 *     $pipeline->incr('a');
 *     $pipeline->execute(); // [null, 2]
 */
final class Pipeline implements \Countable
{
    use Operations;

    /** @var list<Request> */
    private array $requests = [];

    /** @var list<mixed> what the results begin with: null for a request, or what is known already */
    private array $results = [];

    /** @var list<int> where in the results those of the requests belong */
    private array $places = [];

    /** @param \Closure(list<Request>): list<mixed> $sendAll */
    public function __construct(private readonly \Closure $sendAll)
    {
    }

    /**
     * Sends what was collected, and is empty then.
     *
     * An operation that the node refuses has its ServerException in its place; the others are done.
     * A pipeline that fails as a whole throws: how many of its operations were done is not known
     * then, and none is repeated.
     *
     * @return list<mixed> the result of each operation, in order
     */
    public function execute(): array
    {
        [$requests, $results, $places] = [$this->requests, $this->results, $this->places];
        $this->requests = $this->results = $this->places = [];
        foreach (($this->sendAll)($requests) as $i => $result) {
            $results[$places[$i]] = $result;
        }
        return $results;
    }

    /** How many operations were collected. */
    public function count(): int
    {
        return count($this->results);
    }

    protected function run(Request $request): mixed
    {
        $this->places[] = count($this->results);
        $this->requests[] = $request;
        return $this->results[] = null;
    }

    protected function known(mixed $result): mixed
    {
        $this->results[] = $result;
        return null;
    }
}
