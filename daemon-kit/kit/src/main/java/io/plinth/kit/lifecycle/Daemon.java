package io.plinth.kit.lifecycle;

import io.plinth.kit.config.ConfigException;
import io.plinth.kit.config.StackFile;
import java.net.InetSocketAddress;
import java.util.Map;
import java.util.concurrent.CompletionStage;

/** A wired node. Called by its runner from one thread: start, any number of reloads, drain, close. */
public interface Daemon extends AutoCloseable {
    /** Opens data, binds every listener and returns when it serves; throws with one line that says what to do. */
    void start() throws Exception;

    /** Bound addresses by listener name, once started. */
    Map<String, InetSocketAddress> listening();

    /**
     * Swaps to the changed file atomically, keeping every connection the change does not concern; what it throws about
     * stays as it was.
     */
    void reload(StackFile next) throws ConfigException;

    /** Stops accepting and completes when what was in flight has ended; the runner bounds the wait. */
    CompletionStage<Void> drain();

    /** Stops at once: listeners, connections, data. Idempotent. */
    @Override
    void close();
}
