package io.plinth.dbproxy.console;

import io.plinth.dbproxy.DbProxyConfig;
import io.plinth.dbproxy.client.Clients;
import io.plinth.dbproxy.commit.TwoPhase;
import io.plinth.dbproxy.database.Database;
import io.plinth.dbproxy.pool.PoolDirectory;
import io.plinth.kit.admin.AdminRoutes;
import java.time.Clock;
import java.util.Map;
import java.util.concurrent.CompletionStage;
import java.util.function.IntSupplier;
import java.util.function.LongSupplier;
import java.util.function.Supplier;

/**
 * What the console can see and do. Immutable; suppliers answer the current snapshot.
 *
 * @param reload reads the node's file again
 * @param port where clients connect to
 */
public record Operations(
        Supplier<Map<String, Database>> databases,
        Supplier<DbProxyConfig> config,
        PoolDirectory pools,
        Clients clients,
        TwoPhase twoPhase,
        Statistics statistics,
        Supplier<CompletionStage<AdminRoutes.Response>> reload,
        IntSupplier port,
        LongSupplier nanoTime,
        Clock clock) {

    /** Ends what runs from time to time. */
    public void close() {
        statistics.close();
    }
}
