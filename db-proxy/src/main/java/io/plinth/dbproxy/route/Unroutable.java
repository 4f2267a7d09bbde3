package io.plinth.dbproxy.route;

/** A statement's shard cannot be told; expected, so without a stack trace. */
final class Unroutable extends Exception {
    final String message;

    Unroutable(String message) {
        super(message, null, false, false);
        this.message = message;
    }
}
