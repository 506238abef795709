package io.merklekv;

/** The answer is none of this protocol, or not one to this command. */
public class MerkleKVProtocolException extends MerkleKVException {
    private static final long serialVersionUID = 1L;

    MerkleKVProtocolException(String message) {
        super(message);
    }

    MerkleKVProtocolException(String message, Throwable cause) {
        super(message, cause);
    }
}
