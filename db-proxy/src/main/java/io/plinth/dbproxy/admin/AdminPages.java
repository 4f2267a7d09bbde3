package io.plinth.dbproxy.admin;

import io.plinth.dbproxy.database.Database;
import io.plinth.dbproxy.failover.ServerHealth;
import io.plinth.dbproxy.pool.PoolDirectory;
import io.plinth.dbproxy.shard.DirectoryStore;
import io.plinth.dbproxy.usage.SlowLog;
import io.plinth.dbproxy.usage.StatementBook;
import io.plinth.kit.admin.AdminRoutes;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.function.Supplier;

/** The proxy's own pages on the admin server. Stateless. */
public final class AdminPages {
    private AdminPages() {}

    /** {@code servers} answers the health of every server by name. */
    public static void register(
            AdminRoutes admin,
            PoolDirectory pools,
            Supplier<Map<String, ServerHealth>> servers,
            Supplier<Map<String, Database>> databases,
            StatementBook statements,
            SlowLog slow,
            DirectoryStore directories) {
        DirectoryPage directory = new DirectoryPage(databases, directories);
        admin.route("GET", "/directory", request -> CompletableFuture.completedFuture(directory.show(request.query())));
        admin.route("POST", "/directory", request -> directory.change(request.query()));
        admin.route(
                "GET",
                "/statements",
                request -> CompletableFuture.completedFuture(StatementPages.statements(request.query(), statements)));
        admin.route("GET", "/slow", request -> CompletableFuture.completedFuture(StatementPages.slow(slow)));
        admin.route(
                "GET",
                "/explain",
                request -> CompletableFuture.completedFuture(ExplainPage.answer(request.query(), databases.get())));
        admin.route(
                "GET", "/pools", request -> pools.describe().thenApply(json -> AdminRoutes.Response.json(200, json)));
        admin.route(
                "GET",
                "/servers",
                request -> CompletableFuture.completedFuture(AdminRoutes.Response.json(200, describe(servers.get()))));
    }

    private static String describe(Map<String, ServerHealth> servers) {
        StringBuilder json = new StringBuilder("[");
        new TreeMap<>(servers)
                .forEach((name, health) -> json.append(json.length() > 1 ? ",\n " : "")
                        .append("{\"server\":\"")
                        .append(name)
                        .append("\",\"up\":")
                        .append(health.up())
                        .append(",\"standby\":")
                        .append(health.recovering())
                        .append(",\"position\":")
                        .append(health.position())
                        .append("}"));
        return json.append("]\n").toString();
    }
}
