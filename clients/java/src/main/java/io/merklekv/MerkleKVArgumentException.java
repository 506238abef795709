package io.merklekv;

/** A call was refused before anything was sent. The connection lives. */
public class MerkleKVArgumentException extends MerkleKVException {
    private static final long serialVersionUID = 1L;

    MerkleKVArgumentException(String message) {
        super(message);
    }

    MerkleKVArgumentException(String message, Throwable cause) {
        super(message, cause);
    }
}
