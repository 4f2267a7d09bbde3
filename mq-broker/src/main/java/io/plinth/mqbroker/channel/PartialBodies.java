package io.plinth.mqbroker.channel;

import io.plinth.mqbroker.wire.AmqpException;
import io.plinth.mqbroker.wire.ReplyCode;

/** Owned by the connection's event loop. Bounds what the channels of one connection keep of bodies that have not come whole. */
public final class PartialBodies {
    private final long most;
    private long held;

    /**
     * None yet.
     *
     * @param most octets of all channels together
     */
    public PartialBodies(long most) {
        this.most = most;
    }

    void take(long bytes) {
        if (held + bytes > most) {
            throw new AmqpException(
                    ReplyCode.RESOURCE_ERROR,
                    "unfinished message bodies: " + (held + bytes) + " octets on all channels (expected: <= " + most
                            + "; finish one before beginning the next, or raise mq-broker.limits.partial)");
        }
        held += bytes;
    }

    void give(long bytes) {
        held -= bytes;
    }
}
