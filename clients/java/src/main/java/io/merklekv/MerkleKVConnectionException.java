package io.merklekv;

/** The connection could not be opened, broke, or was closed. The next call opens another. */
public class MerkleKVConnectionException extends MerkleKVException {
    private static final long serialVersionUID = 1L;

    MerkleKVConnectionException(String message) {
        super(message);
    }

    MerkleKVConnectionException(String message, Throwable cause) {
        super(message, cause);
    }
}
