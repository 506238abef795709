package io.merklekv;

/** A value is not UTF-8. Its reply was read to the end, so the connection can go on. */
final class NotTextException extends MerkleKVProtocolException {
    private static final long serialVersionUID = 1L;

    NotTextException(String message) {
        super(message);
    }
}
