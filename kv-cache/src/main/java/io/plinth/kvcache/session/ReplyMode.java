package io.plinth.kvcache.session;

/** CLIENT REPLY. */
public enum ReplyMode {
    /** Replies are sent. */
    ON,
    /** None is. */
    OFF,
    /** The reply of the command that follows CLIENT REPLY SKIP is not. */
    SKIP_NEXT,
    /** The reply of the running command is not. */
    SKIP
}
