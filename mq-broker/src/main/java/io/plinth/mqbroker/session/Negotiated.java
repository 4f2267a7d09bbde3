package io.plinth.mqbroker.session;

import io.plinth.mqbroker.wire.AmqpException;
import io.plinth.mqbroker.wire.FieldTable;
import io.plinth.mqbroker.wire.ReplyCode;

/** Owned by the connection's event loop. What client and server have told each other. */
final class Negotiated {
    private FieldTable clientProperties = FieldTable.EMPTY;
    private FieldTable capabilities = FieldTable.EMPTY;
    private String mechanism = "";
    private int frameMax;
    private int channelMax;
    private int heartbeat;

    Negotiated(SessionLimits limits) {
        frameMax = limits.frameMax();
        channelMax = limits.channelMax();
    }

    void client(FieldTable properties, String sasl) {
        clientProperties = properties;
        capabilities = properties.get("capabilities") instanceof FieldTable table ? table : FieldTable.EMPTY;
        mechanism = sasl;
    }

    void tuned(int agreedFrameMax, int agreedChannelMax, int heartbeatSeconds) {
        frameMax = agreedFrameMax;
        channelMax = agreedChannelMax;
        heartbeat = heartbeatSeconds;
    }

    boolean clientCan(String capability) {
        return capabilities.isTrue(capability);
    }

    FieldTable clientProperties() {
        return clientProperties;
    }

    String mechanism() {
        return mechanism;
    }

    int frameMax() {
        return frameMax;
    }

    int channelMax() {
        return channelMax;
    }

    /** Refuses a channel of a number that is too high. */
    void checkChannel(int number) {
        if (number > channelMax) {
            throw new AmqpException(
                    ReplyCode.NOT_ALLOWED, "number of channels: " + number + " (expected: <= " + channelMax + ")");
        }
    }

    int heartbeat() {
        return heartbeat;
    }
}
