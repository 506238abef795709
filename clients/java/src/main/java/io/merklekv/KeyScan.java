package io.merklekv;

import java.util.Iterator;
import java.util.NoSuchElementException;
import java.util.function.Function;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;

/** Keys in byte order. Each iterator begins anew, and asks for a page when it comes to it. */
public final class KeyScan implements Iterable<String> {
    private final Function<String, ScanPage> pages;

    KeyScan(Function<String, ScanPage> pages) {
        this.pages = pages;
    }

    /** The keys as a stream, which is as lazy as the iterator. */
    public Stream<String> stream() {
        return StreamSupport.stream(spliterator(), false);
    }

    @Override
    public Iterator<String> iterator() {
        return new Iterator<String>() {
            private ScanPage page;
            private int next;

            @Override
            public boolean hasNext() {
                if (page == null || next == page.keys.size() && page.mayHaveMore) {
                    page = pages.apply(page == null ? null : page.last());
                    next = 0;
                }
                return next < page.keys.size();
            }

            @Override
            public String next() {
                if (!hasNext()) {
                    throw new NoSuchElementException("there are no more keys");
                }
                return page.keys.get(next++);
            }
        };
    }
}
