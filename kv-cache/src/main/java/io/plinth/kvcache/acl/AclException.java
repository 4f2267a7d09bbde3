package io.plinth.kvcache.acl;

/** A rule is not right; the message says what is wrong with it. Expected, so without a stack trace. */
public final class AclException extends RuntimeException {
    AclException(String message) {
        super(message, null, false, false);
    }
}
