package io.plinth.kit.lifecycle;

import java.time.Clock;
import java.time.Duration;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * How a node is run, beside what the file says.
 *
 * @param transport {@code epoll}, {@code io_uring} or {@code nio}
 * @param drain how long what is in flight may take once the node drains
 * @param environment LISTEN_FDS and NOTIFY_SOCKET are looked up here; empty for a node inside another program
 * @param takeOver take listeners over from the process that runs the node now
 * @param loader reads the file again on reload; without one a reload is refused
 * @param clock wall-clock time
 */
public record NodeOptions(
        String transport,
        Duration drain,
        Map<String, String> environment,
        boolean takeOver,
        @Nullable StackFileLoader loader,
        Clock clock) {
    /** The system property that chooses the transport. */
    public static final String TRANSPORT = "plinth.transport";

    public NodeOptions {
        environment = Map.copyOf(environment);
    }

    /** For a node inside another program or a test: nothing from the environment, 10 s to drain. */
    public static NodeOptions defaults() {
        return new NodeOptions(
                System.getProperty(TRANSPORT, "epoll"),
                Duration.ofSeconds(10),
                Map.of(),
                false,
                null,
                Clock.systemUTC());
    }

    /** With another way to reload. */
    public NodeOptions withLoader(StackFileLoader next) {
        return new NodeOptions(transport, drain, environment, takeOver, next, clock);
    }

    /** With another transport. */
    public NodeOptions withTransport(String next) {
        return new NodeOptions(next, drain, environment, takeOver, loader, clock);
    }

    /** With other patience for what is in flight. */
    public NodeOptions withDrain(Duration next) {
        return new NodeOptions(transport, next, environment, takeOver, loader, clock);
    }

    /** With the process's environment, or a part of it. */
    public NodeOptions withEnvironment(Map<String, String> next) {
        return new NodeOptions(transport, drain, next, takeOver, loader, clock);
    }

    /** With listeners taken over from the running process, or not. */
    public NodeOptions withTakeOver(boolean next) {
        return new NodeOptions(transport, drain, environment, next, loader, clock);
    }
}
