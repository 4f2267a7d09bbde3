package io.plinth.dbproxy.client;

import io.netty.channel.EventLoop;
import io.plinth.dbproxy.auth.ClientEncryption;
import io.plinth.dbproxy.commit.TwoPhase;
import io.plinth.dbproxy.database.Database;
import io.plinth.dbproxy.database.StatementCaches;
import io.plinth.dbproxy.database.UserLookup;
import io.plinth.dbproxy.mirror.Mirrors;
import io.plinth.dbproxy.pool.PoolDirectory;
import io.plinth.dbproxy.server.CancelSender;
import io.plinth.dbproxy.server.ServerConnector;
import io.plinth.dbproxy.session.CancelKeys;
import io.plinth.dbproxy.trace.Traces;
import io.plinth.dbproxy.usage.SlowLog;
import io.plinth.dbproxy.usage.UsageBook;
import java.security.SecureRandom;
import java.time.Clock;
import java.time.Duration;
import java.util.Map;
import java.util.function.LongSupplier;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * What every session is given. Immutable; suppliers answer the current snapshot.
 *
 * @param consoles what operators log in to, or null for none
 * @param caches plans and prepared statements of each loop
 * @param clientEncryption TLS towards clients, or null for none
 */
public record Front(
        Supplier<Map<String, Database>> databases,
        PoolDirectory pools,
        Map<EventLoop, StatementCaches> caches,
        CancelKeys cancelKeys,
        CancelSender cancelSender,
        ServerConnector connector,
        UserLookup userLookup,
        Supplier<@Nullable ClientEncryption> clientEncryption,
        ClientMetrics metrics,
        Clients clients,
        UsageBook usage,
        SlowLog slow,
        TwoPhase twoPhase,
        Mirrors mirrors,
        Traces traces,
        Supplier<@Nullable AdminConsole> consoles,
        Supplier<Limits> currentLimits,
        SecureRandom random,
        LongSupplier nanoTime,
        Clock clock) {

    /** Bounds on what one client may do. */
    public record Limits(
            int clients,
            Duration login,
            int message,
            long pipelineBytes,
            int pipelineMessages,
            int preparedStatements) {}

    Limits limits() {
        return currentLimits.get();
    }

    @Nullable
    ClientEncryption encryption() {
        return clientEncryption.get();
    }

    @Nullable
    AdminConsole console() {
        return consoles.get();
    }

    StatementCaches cachesOf(EventLoop loop) {
        StatementCaches found = caches.get(loop);
        if (found == null) {
            throw new IllegalArgumentException("event loop: " + loop + " (expected: one of the node's)");
        }
        return found;
    }
}
