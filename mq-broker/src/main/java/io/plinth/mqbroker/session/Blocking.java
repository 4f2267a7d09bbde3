package io.plinth.mqbroker.session;

import io.plinth.mqbroker.wire.ConnectionMethod;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/** Owned by the connection's event loop. What an alarm means to a connection that publishes: it is not read from. */
final class Blocking {
    private final Connection connection;
    private boolean publisher;
    private boolean told;

    Blocking(Connection connection) {
        this.connection = connection;
    }

    /** The client publishes; true the first time. */
    boolean concerns() {
        boolean first = !publisher;
        publisher = true;
        return first;
    }

    /** What management shows as the connection's state: while there is an alarm, whether it concerns it. */
    String shown(String state, String reasons) {
        return reasons.isEmpty() || !state.equals("RUNNING")
                ? state.toLowerCase(Locale.ROOT)
                : publisher ? "blocked" : "blocking";
    }

    /** Applies the alarms that hold now and tells a client that wants to know. */
    void show(String reasons, @Nullable Heartbeats heartbeats) {
        if (!publisher) {
            return;
        }
        boolean on = !reasons.isEmpty();
        if (heartbeats != null) {
            heartbeats.readingPaused(on);
        }
        if (on != told && connection.negotiated().clientCan("connection.blocked")) {
            told = on;
            connection.write(0, on ? new ConnectionMethod.Blocked(reasons) : new ConnectionMethod.Unblocked());
        }
        connection.block(on);
    }
}
