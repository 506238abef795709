package io.merklekv;

import java.util.List;

/** A batch of a {@link MerkleKVClient}; it may be used again after it was executed. */
public final class Pipeline extends CommandBatch {
    private final MerkleKVClient client;

    Pipeline(MerkleKVClient client) {
        this.client = client;
    }

    /**
     * Sends what was added, and reads all replies. Gives a result for each operation, in order.
     *
     * @throws MerkleKVException if it failed as a whole; how many commands were done is not known then
     */
    public List<Result<?>> execute() {
        return client.callAll(take());
    }
}
