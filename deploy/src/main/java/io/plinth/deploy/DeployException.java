package io.plinth.deploy;

/** What was asked cannot be done; the message is one line that says what to do, and is all the user sees. */
public class DeployException extends Exception {
    private final int exitCode;

    public DeployException(String message) {
        this(message, 1);
    }

    public DeployException(String message, int exitCode) {
        super(message);
        this.exitCode = exitCode;
    }

    /** What the command exits with. */
    public int exitCode() {
        return exitCode;
    }
}
