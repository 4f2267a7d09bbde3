package io.plinth.deploy.mq;

import io.plinth.deploy.DeployException;

/** The broker answered, and refused. */
final class RefusedException extends DeployException {
    private final int status;
    private final String reason;

    /**
     * Of an answer.
     *
     * @param status that of HTTP
     * @param reason the broker's own words
     */
    RefusedException(String message, int status, String reason) {
        super(message);
        this.status = status;
        this.reason = reason;
    }

    int status() {
        return status;
    }

    String reason() {
        return reason;
    }
}
