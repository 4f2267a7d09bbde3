package io.plinth.lbproxy.exchange;

import io.plinth.lbproxy.limit.Pace;
import io.plinth.lbproxy.snapshot.ProxySettings;
import io.plinth.lbproxy.upstream.Refusal;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * How long an exchange may stay where it is: sets its client's one deadline, and looks whether its request's body comes
 * fast enough. Owned by the exchange's event loop.
 */
final class Deadlines {
    private static final long SECOND = 1_000_000_000L;

    private final ProxySettings.Timeouts timeouts;
    private final ProxySettings.Rates rates;
    private final Pace body;
    private long begun;
    private long headBytes;
    private @Nullable ClientSide client;

    Deadlines(ProxySettings settings) {
        timeouts = settings.timeouts();
        rates = settings.rates();
        body = new Pace(rates.body(), timeouts.stream());
    }

    /** A request's head begins. */
    void begin(ClientSide of, long now) {
        client = of;
        begun = now;
        headBytes = 0;
        body.begin();
        of.within(timeouts.header());
    }

    /** More of the head came, and not all of it. */
    void headGrew(int bytes, long now) {
        headBytes += bytes;
        within(begun - now + forHead(timeouts, rates, headBytes));
    }

    /** How long a head of which so many bytes have come may take in all. */
    static long forHead(ProxySettings.Timeouts timeouts, ProxySettings.Rates rates, long bytes) {
        long bought = rates.head() == 0 ? 0 : bytes * SECOND / rates.head();
        return Math.max(timeouts.header(), Math.min(timeouts.header() + bought, timeouts.headerMax()));
    }

    /** What is answered when a deadline was missed. */
    record Missed(int status, String text) {}

    static Missed missed(ExchangeState in, boolean connecting, boolean requestDone, String server) {
        return switch (in) {
            case READING_HEAD -> new Missed(408, "request head not complete within timeouts.header");
            case ACQUIRING ->
                connecting
                        ? new Missed(504, "server " + server + " not reached in time")
                        : new Missed(Refusal.QUEUE_TIMEOUT.status(), Refusal.QUEUE_TIMEOUT.text());
            case AWAITING_RESPONSE ->
                requestDone
                        ? new Missed(504, "server " + server + " did not answer within timeouts.response")
                        : new Missed(408, "request body did not come within timeouts.stream");
            case RELAYING -> new Missed(504, "response did not go on within timeouts.stream");
            case TUNNEL, ENDED -> throw new IllegalStateException("nothing to answer in " + in);
        };
    }

    /** Whether the request's body comes too slowly. */
    boolean bodyLate(long now, long bytes, boolean waitedFor) {
        return body.late(now, bytes, waitedFor);
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
