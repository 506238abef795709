package io.merklekv;

/** What became of one command of a pipeline. */
public final class Result<T> {
    private final Command<T> command;
    private boolean done;
    private T value;
    private MerkleKVException error;

    Result(Command<T> command) {
        this.command = command;
    }

    /**
     * What the operation gives.
     *
     * @throws MerkleKVServerException if the node refused this command
     * @throws IllegalStateException if the pipeline was not executed, or failed as a whole
     */
    public T get() {
        if (!done) {
            throw new IllegalStateException("the pipeline of this result was not executed");
        }
        if (error != null) {
            throw error;
        }
        return value;
    }

    /** The error in the place of a value, or null. */
    public MerkleKVException error() {
        return error;
    }

    Command<T> command() {
        return command;
    }

    /** Reads the reply; an error of this command alone is kept, others are thrown. */
    void receive(Connection from, Deadline deadline) {
        try {
            value = command.isKnown() ? command.decoder.decode(null) : from.receive(command, deadline);
        } catch (MerkleKVServerException | NotTextException itsOwn) {
            error = itsOwn;
        } catch (java.io.IOException impossible) {
            throw new AssertionError(impossible);
        }
        done = true;
    }
}
