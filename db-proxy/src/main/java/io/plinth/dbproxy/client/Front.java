package io.plinth.dbproxy.client;

import io.netty.channel.EventLoop;
import io.plinth.dbproxy.pool.PoolDirectory;
import io.plinth.dbproxy.server.CancelSender;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.Map;
import java.util.function.LongSupplier;
import java.util.function.Supplier;

/**
 * What every session is given. Immutable; {@code databases} answers the current snapshot.
 *
 * @param caches plans and prepared statements of each loop
 */
public record Front(
        Supplier<Map<String, Database>> databases,
        PoolDirectory pools,
        Map<EventLoop, StatementCaches> caches,
        CancelKeys cancelKeys,
        CancelSender cancelSender,
        ClientMetrics metrics,
        Limits limits,
        SecureRandom random,
        LongSupplier nanoTime) {

    /** Bounds on what one client may do. */
    public record Limits(
            int clients,
            Duration login,
            int message,
            long pipelineBytes,
            int pipelineMessages,
            int preparedStatements) {}

    StatementCaches cachesOf(EventLoop loop) {
        StatementCaches found = caches.get(loop);
        if (found == null) {
            throw new IllegalArgumentException("event loop: " + loop + " (expected: one of the node's)");
        }
        return found;
    }
}
