package io.merklekv;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.function.Function;

/** Keys in byte order, a page of up to 1000 at a time. For one caller. */
public final class AsyncScan {
    private final Function<String, CompletableFuture<ScanPage>> pages;
    private volatile ScanPage page;

    AsyncScan(Function<String, CompletableFuture<ScanPage>> pages) {
        this.pages = pages;
    }

    /** The next keys; an empty list if there are no more. Wait for one page before the next. */
    public CompletableFuture<List<String>> nextPage() {
        if (page != null && !page.mayHaveMore) {
            return CompletableFuture.completedFuture(List.of());
        }
        return pages.apply(page == null ? null : page.last()).thenApply(next -> {
            page = next;
            return next.keys;
        });
    }

    /** All keys from here on. */
    public CompletableFuture<List<String>> toList() {
        return collect(new ArrayList<>());
    }

    private CompletableFuture<List<String>> collect(List<String> keys) {
        return nextPage().thenCompose(next -> {
            keys.addAll(next);
            return next.isEmpty() ? CompletableFuture.completedFuture(keys) : collect(keys);
        });
    }
}
