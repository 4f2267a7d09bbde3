package io.plinth.dbproxy;

import io.plinth.kit.config.StackFile;
import io.plinth.kit.config.StackFiles;
import io.plinth.kit.lifecycle.NodeOptions;
import io.plinth.kit.lifecycle.NodeRunner;
import io.plinth.kit.lifecycle.RunningNode;
import io.plinth.kit.lifecycle.StackFileLoader;
import io.plinth.postgres.PostgresBinaries;
import io.plinth.postgres.PostgresServer;
import io.plinth.postgres.PostgresSettings;
import io.plinth.testkit.FreePort;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;

/**
 * Two shards of real PostgreSQL, each a primary and a streaming replica, started once for all tests of the JVM. Each
 * test class starts a proxy of its own in front of them.
 */
final class Cluster {
    static final Duration PATIENCE = Duration.ofSeconds(30);

    private final Path folder;
    private final List<PostgresServer> servers = new ArrayList<>();

    private Cluster() throws Exception {
        folder = Files.createTempDirectory(
                "db-proxy-it", PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwxr-xr-x")));
        PostgresBinaries binaries = PostgresBinaries.unpack(folder);
        Runtime.getRuntime().addShutdownHook(new Thread(this::stop));
        for (String shard : List.of("s0", "s1")) {
            PostgresServer primary = PostgresServer.primary(binaries, folder.resolve(shard + "/primary"), settings());
            PostgresServer replica =
                    PostgresServer.replica(binaries, folder.resolve(shard + "/replica"), settings(), primary);
            primary.prepare();
            replica.prepare();
            servers.add(primary);
            servers.add(replica);
        }
        for (PostgresServer server : servers) {
            server.start(folder.resolve("log"));
        }
        for (PostgresServer server : servers) {
            server.awaitReady(PATIENCE, folder.resolve("log"));
        }
    }

    private static PostgresSettings settings() throws IOException {
        return PostgresSettings.trusting(FreePort.find(), "shop", "shop");
    }

    static Cluster shared() {
        return Holder.CLUSTER;
    }

    private static final class Holder {
        static final Cluster CLUSTER = make();

        private static Cluster make() {
            try {
                return new Cluster();
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            } catch (Exception e) {
                throw new IllegalStateException(e);
            }
        }
    }

    PostgresServer primary(int shard) {
        return servers.get(2 * shard);
    }

    PostgresServer replica(int shard) {
        return servers.get(2 * shard + 1);
    }

    Path log() {
        return folder.resolve("log");
    }

    Connection direct(int shard) throws SQLException {
        return DriverManager.getConnection(
                "jdbc:postgresql://127.0.0.1:" + primary(shard).port() + "/shop", "shop", "");
    }

    /** A proxy whose database {@code shop} has both shards; {@code further} are more keys of that database. */
    RunningNode proxy(Path state, String further) throws Exception {
        return proxy(state, "127.0.0.1:" + primary(0).port(), further);
    }

    RunningNode proxy(Path state, String firstPrimary, String further) throws Exception {
        Path file = state.resolve("plinth.yaml");
        Files.writeString(file, """
            stack: test
            nodes:
              db: { run: db-proxy, port: 0, admin: 127.0.0.1:0, loops: 2 }
            db-proxy:
              databases:
                shop:
                  health-interval: 50ms
                  shards:
                    s0: { primary: %s, replicas: { r1: 127.0.0.1:%d } }
                    s1: { primary: 127.0.0.1:%d, replicas: { r1: { at: 127.0.0.1:%d } } }
                  tables:
                    orders: { key: user_id, by: hash }
                    order_lines: { key: user_id }
                    sessions: { key: name, type: text }
                    carts: { key: id, type: uuid }
            %s
            """.formatted(
                firstPrimary, replica(0).port(), primary(1).port(), replica(1).port(), further.indent(6)));
        return start(file);
    }

    /** A proxy whose database {@code shop} is shard s0 alone. */
    RunningNode single(Path state, String further) throws Exception {
        Path file = state.resolve("plinth.yaml");
        Files.writeString(file, """
            stack: test
            nodes:
              db: { run: db-proxy, port: 0, admin: 127.0.0.1:0, loops: 2 }
            db-proxy:
              databases:
                shop:
                  health-interval: 50ms
                  shards:
                    s0: { primary: 127.0.0.1:%d, replicas: { r1: 127.0.0.1:%d } }
            %s
            """.formatted(primary(0).port(), replica(0).port(), further.indent(6)));
        return start(file);
    }

    static RunningNode start(Path file) throws Exception {
        StackFile read = StackFiles.read(file, List.of(DbProxyMain.TYPE), Map.of(), Map.of());
        return NodeRunner.start(DbProxyMain.TYPE, read, "db");
    }

    /** A proxy that reads its file again when told to. */
    static RunningNode reloadable(Path file) throws Exception {
        StackFileLoader loader = path -> StackFiles.read(path, List.of(DbProxyMain.TYPE), Map.of(), Map.of());
        return NodeRunner.start(
                DbProxyMain.TYPE,
                loader.load(file),
                "db",
                NodeOptions.defaults().withLoader(loader));
    }

    static int port(RunningNode node) {
        return node.listening().values().iterator().next().getPort();
    }

    static String url(RunningNode node, String options) {
        return "jdbc:postgresql://127.0.0.1:" + port(node) + "/shop" + options;
    }

    static Connection connect(RunningNode node, String options) throws SQLException {
        return DriverManager.getConnection(url(node, options), "shop", "");
    }

    static String text(Connection connection, String sql) throws SQLException {
        try (Statement statement = connection.createStatement();
                ResultSet rows = statement.executeQuery(sql)) {
            return rows.next() ? String.valueOf(rows.getString(1)) : "";
        }
    }

    static void run(Connection connection, String sql) throws SQLException {
        try (Statement statement = connection.createStatement()) {
            statement.execute(sql);
        }
    }

    /** Waits until the condition holds; fails with its last value's text otherwise. */
    static void await(String what, Callable<Boolean> condition) throws Exception {
        long deadline = System.nanoTime() + PATIENCE.toNanos();
        while (!condition.call()) {
            if (System.nanoTime() > deadline) {
                throw new AssertionError("not within " + PATIENCE + ": " + what);
            }
            Thread.sleep(10);
        }
    }

    private void stop() {
        for (PostgresServer server : servers.reversed()) {
            try {
                server.stop();
            } catch (IOException e) {
                // The folder is removed all the same; a server without one ends by itself.
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        }
        try (var all = Files.walk(folder)) {
            all.sorted(java.util.Comparator.reverseOrder())
                    .forEach(path -> path.toFile().delete());
        } catch (IOException | UncheckedIOException e) {
            // Helper processes of a killed server may still be removing their own files.
        }
    }
}
