package io.plinth.lbproxy.exchange;

import io.plinth.lbproxy.snapshot.ProxySettings;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** How long an exchange may stay where it is: sets its client's one deadline. Owned by the exchange's event loop. */
final class Deadlines {
    private final ProxySettings.Timeouts timeouts;
    private @Nullable ClientSide client;

    Deadlines(ProxySettings.Timeouts timeouts) {
        this.timeouts = timeouts;
    }

    /** A request's head begins. */
    void begin(ClientSide of) {
        client = of;
        of.within(timeouts.header());
    }

    private void within(long nanos) {
        Objects.requireNonNull(client, "exchange has not begun").within(nanos);
    }

    /** A connection to a server is asked for. */
    void queue() {
        within(timeouts.queue());
    }

    /** One is being made; that has its own time limit, this is for the case that it does not come back. */
    void connect() {
        within(timeouts.queue() + timeouts.connect());
    }

    /** A response is awaited, or more of the request where not all of it was {@code sentWhole}. */
    void awaits(boolean sentWhole) {
        within(sentWhole ? timeouts.response() : timeouts.stream());
    }

    /** Bytes went on. */
    void progressed(boolean inTunnel) {
        within(inTunnel ? timeouts.tunnel() : timeouts.stream());
    }
}
