package io.merklekv;

import java.util.List;
import java.util.concurrent.CompletableFuture;

/** A batch of an {@link AsyncMerkleKVClient}; it may be used again after it was executed. */
public final class AsyncPipeline extends CommandBatch {
    private final AsyncMerkleKVClient client;

    AsyncPipeline(AsyncMerkleKVClient client) {
        this.client = client;
    }

    /** Sends what was added. The future has a result for each operation, or fails as a whole. */
    public CompletableFuture<List<Result<?>>> execute() {
        return client.callAll(take());
    }
}
