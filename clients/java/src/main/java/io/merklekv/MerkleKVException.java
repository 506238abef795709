package io.merklekv;

/** What every failure of a client has in common; catch it to catch all five kinds. */
public abstract class MerkleKVException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    MerkleKVException(String message) {
        super(message);
    }

    MerkleKVException(String message, Throwable cause) {
        super(message, cause);
    }
}
