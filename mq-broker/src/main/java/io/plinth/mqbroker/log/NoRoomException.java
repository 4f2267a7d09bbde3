package io.plinth.mqbroker.log;

import java.io.IOException;

/** A record was not appended: nothing of it is in the log, what came before is as it was, and it may be tried again. */
public final class NoRoomException extends IOException {
    private static final long serialVersionUID = 1L;

    NoRoomException(String what, IOException cause) {
        super(what + ": " + cause.getMessage(), cause);
    }
}
