package io.plinth.mqbroker.argument;

import io.plinth.mqbroker.wire.AmqpException;
import io.plinth.mqbroker.wire.ReplyCode;

/** A queue's argument that cannot be honoured, before it is known whose it is. Stackless: it is expected behaviour. */
final class InvalidArgument extends RuntimeException {
    private final String key;

    /** {@code why} tells the value and what was expected. */
    InvalidArgument(String key, String why) {
        super(why, null, false, false);
        this.key = key;
    }

    /** What its client is told; {@code whose} is empty or begins with a space. */
    AmqpException refusal(String whose) {
        return new AmqpException(
                ReplyCode.PRECONDITION_FAILED, "invalid arg '" + key + "'" + whose + ": " + getMessage());
    }
}
