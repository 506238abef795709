package io.merklekv;

import java.util.List;

/** Some keys in byte order, and whether there may be more behind the last. */
final class ScanPage {
    final List<String> keys;
    final boolean mayHaveMore;

    ScanPage(List<String> keys, boolean mayHaveMore) {
        this.keys = keys;
        this.mayHaveMore = mayHaveMore;
    }

    String last() {
        return keys.get(keys.size() - 1);
    }
}
