package io.merklekv;

/** The node refused the command. The connection lives. */
public class MerkleKVServerException extends MerkleKVException {
    private static final long serialVersionUID = 1L;

    private final String code;

    MerkleKVServerException(String code, String message) {
        super(message);
        this.code = code;
    }

    /** The words before the colon, such as {@code Wrong type}; without a colon the whole sentence. */
    public String code() {
        return code;
    }
}
