package io.merklekv;

/** How a node writes; it tells when it is greeted. */
enum Dialect {
    STANDARD,
    LEGACY
}
