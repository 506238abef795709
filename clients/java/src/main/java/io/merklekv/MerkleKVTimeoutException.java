package io.merklekv;

/** A reply was not there in time. The connection is closed, the next call opens another. */
public class MerkleKVTimeoutException extends MerkleKVException {
    private static final long serialVersionUID = 1L;

    MerkleKVTimeoutException(String message) {
        super(message);
    }

    MerkleKVTimeoutException(String message, Throwable cause) {
        super(message, cause);
    }
}
