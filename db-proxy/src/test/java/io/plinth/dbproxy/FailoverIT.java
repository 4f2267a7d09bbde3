package io.plinth.dbproxy;

import static io.plinth.dbproxy.Cluster.await;
import static io.plinth.dbproxy.Cluster.text;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.plinth.kit.lifecycle.RunningNode;
import io.plinth.postgres.PostgresBinaries;
import io.plinth.postgres.PostgresServer;
import io.plinth.postgres.PostgresSettings;
import io.plinth.testkit.BreakingRelay;
import io.plinth.testkit.FreePort;
import java.io.StringReader;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.postgresql.PGConnection;
import org.postgresql.PGNotification;

/** Servers that go and come back. */
@Timeout(180)
class FailoverIT {
    private final Cluster cluster = Cluster.shared();

    @Test
    void readsMoveToThePrimaryWhileAReplicaIsDown(@TempDir Path state) throws Exception {
        PostgresServer replica = cluster.replica(0);
        try (RunningNode proxy = cluster.single(state, "")) {
            await("a read on the replica", () -> recovering(proxy));
            replica.stop();
            try {
                for (int i = 0; i < 10; i++) {
                    assertThat(recovering(proxy)).isFalse();
                }
            } finally {
                replica.start(cluster.log());
                replica.awaitReady(Cluster.PATIENCE, cluster.log());
            }
            await("a read on the replica again", () -> recovering(proxy));
        }
    }

    @Test
    void withoutThePrimaryWritesFailClearlyAndReadsGoOn(@TempDir Path state) throws Exception {
        PostgresServer primary = cluster.primary(0);
        try (RunningNode proxy = cluster.single(state, "failover-wait: 500ms")) {
            await("a read on the replica", () -> recovering(proxy));
            primary.stop();
            try (Connection connection = Cluster.connect(proxy, "")) {
                await("the primary to be missed", () -> {
                    try {
                        Cluster.run(connection, "CREATE TABLE never (x int)");
                        throw new AssertionError("a write without a primary");
                    } catch (SQLException e) {
                        return "08006".equals(e.getSQLState())
                                && String.valueOf(e.getMessage()).contains("not reachable");
                    }
                });
                assertThat(text(connection, "SELECT pg_is_in_recovery()")).isEqualTo("t");
                assertThatThrownBy(() -> Cluster.run(connection, "CREATE TABLE never (x int)"))
                        .hasMessageContaining("shop/s0");
            } finally {
                primary.start(cluster.log());
                primary.awaitReady(Cluster.PATIENCE, cluster.log());
            }
            await("a write", () -> {
                try (Connection connection = Cluster.connect(proxy, "")) {
                    Cluster.run(connection, "CREATE TEMP TABLE back (x int)");
                    return true;
                } catch (SQLException e) {
                    return false;
                }
            });
        }
    }

    @Test
    void whatIsForSeveralShardsWaitsForAPrimaryThatIsAway(@TempDir Path state) throws Exception {
        PostgresServer primary = cluster.primary(0);
        try (RunningNode proxy = cluster.proxy(state, "failover-wait: 300s");
                Connection defines = Cluster.connect(proxy, "");
                Connection changes = Cluster.connect(proxy, "");
                Connection copies = Cluster.connect(proxy, "")) {
            Cluster.run(defines, "DROP TABLE IF EXISTS orders");
            Cluster.run(defines, "CREATE TABLE orders (user_id bigint, note text)");
            primary.stop();
            List<CompletableFuture<Void>> waiting;
            try {
                for (Connection each : List.of(defines, changes, copies)) {
                    // Once its loop has answered this, it has seen that the pooled connections to the primary have
                    // ended.
                    assertThat(text(each, "SELECT 1 /* plinth: shard=s1 */")).isEqualTo("1");
                }
                waiting = List.of(
                        started(() -> Cluster.run(defines, "CREATE INDEX ON orders (note)")),
                        started(() -> Cluster.run(
                                changes, "INSERT INTO orders (user_id) VALUES (1), (2), (3), (4), (5), (6)")),
                        started(() -> copies.unwrap(PGConnection.class)
                                .getCopyAPI()
                                .copyIn("COPY orders (user_id) FROM STDIN", new StringReader("7\n8\n9\n10\n"))));
            } finally {
                primary.start(cluster.log());
                primary.awaitReady(Cluster.PATIENCE, cluster.log());
            }
            for (CompletableFuture<Void> each : waiting) {
                each.get(120, TimeUnit.SECONDS);
            }
            assertThat(text(changes, "SELECT count(*) FROM orders")).isEqualTo("10");
        }
    }

    @Test
    void whatIsForSeveralShardsIsSentAgainWhereTheOldPrimaryIsAStandbyNow(@TempDir Path state) throws Exception {
        Path file = state.resolve("plinth.yaml");
        try (BreakingRelay leads = BreakingRelay.to(
                        new InetSocketAddress("127.0.0.1", cluster.primary(0).port()));
                Connection standby = java.sql.DriverManager.getConnection(
                        "jdbc:postgresql://127.0.0.1:" + cluster.replica(0).port() + "/shop", "postgres", "");
                Connection direct = cluster.direct(0);
                Connection second = cluster.direct(1)) {
            for (Connection each : List.of(direct, second)) {
                Cluster.run(each, "DROP TABLE IF EXISTS orders");
                Cluster.run(each, "CREATE TABLE orders (user_id bigint, note text)");
            }
            leads.refuse(true);
            java.nio.file.Files.writeString(file, """
                stack: test
                nodes:
                  db: { run: db-proxy, port: 0, admin: 127.0.0.1:0, loops: 2 }
                db-proxy:
                  databases:
                    shop:
                      health-interval: 50ms
                      failover-wait: 300s
                      shards:
                        s0: { primary: 127.0.0.1:%d, replicas: { r1: 127.0.0.1:%d } }
                        s1: { primary: 127.0.0.1:%d }
                      tables: { orders: { key: user_id, by: hash } }
                """.formatted(
                    cluster.replica(0).port(), leads.port(), cluster.primary(1).port()));
            try (RunningNode proxy = Cluster.start(file);
                    Connection defines = Cluster.connect(proxy, "");
                    Connection changes = Cluster.connect(proxy, "");
                    Connection copies = Cluster.connect(proxy, "")) {
                List<CompletableFuture<Void>> waiting = List.of(
                        started(() -> Cluster.run(defines, "CREATE INDEX ON orders (note)")),
                        started(() -> Cluster.run(
                                changes, "INSERT INTO orders (user_id) VALUES (1), (2), (3), (4), (5), (6)")),
                        started(() -> copies.unwrap(PGConnection.class)
                                .getCopyAPI()
                                .copyIn("COPY orders (user_id) FROM STDIN", new StringReader("7\n8\n9\n10\n"))));
                await(
                        "the standby has refused one",
                        () -> text(
                                        standby,
                                        "SELECT count(*) > 0 FROM pg_stat_activity WHERE usename = 'shop' AND query ="
                                                + " 'ROLLBACK'")
                                .equals("t"));
                assertThat(waiting).noneMatch(CompletableFuture::isDone);
                leads.refuse(false);
                for (CompletableFuture<Void> each : waiting) {
                    each.get(120, TimeUnit.SECONDS);
                }
                assertThat(text(changes, "SELECT count(*) FROM orders")).isEqualTo("10");
                assertThat(text(second, "SELECT count(*) FROM pg_indexes WHERE tablename = 'orders'"))
                        .isEqualTo("1");
            }
        }
    }

    private interface Work {
        void run() throws Exception;
    }

    private static CompletableFuture<Void> started(Work work) {
        CompletableFuture<Void> done = new CompletableFuture<>();
        Thread.ofVirtual().start(() -> {
            try {
                work.run();
                done.complete(null);
            } catch (Exception e) {
                done.completeExceptionally(e);
            }
        });
        return done;
    }

    @Test
    void aServerKilledUnderAQueryEndsThatSessionAndNoOther(@TempDir Path state) throws Exception {
        try (RunningNode proxy = cluster.single(state, "");
                Connection one = Cluster.connect(proxy, "");
                Connection two = Cluster.connect(proxy, "")) {
            one.setAutoCommit(false);
            String backend = text(one, "SELECT pg_backend_pid()");
            try (Connection direct = java.sql.DriverManager.getConnection(
                    "jdbc:postgresql://127.0.0.1:" + cluster.primary(0).port() + "/shop", "postgres", "")) {
                text(direct, "SELECT pg_terminate_backend(" + backend + ")");
            }
            assertThatThrownBy(() -> text(one, "SELECT 1")).isInstanceOf(SQLException.class);
            assertThat(text(two, "SELECT 2")).isEqualTo("2");
        }
    }

    @Test
    void aPromotionMadeElsewhereIsFollowedAndWritesWaitForIt(@TempDir Path state) throws Exception {
        Path folder = java.nio.file.Files.createDirectory(cluster.log().resolveSibling("promotion"));
        PostgresBinaries binaries = PostgresBinaries.unpack(folder.resolveSibling("."));
        PostgresServer primary = PostgresServer.primary(
                binaries, folder.resolve("a"), PostgresSettings.trusting(FreePort.find(), "shop", "shop"));
        PostgresServer replica = PostgresServer.replica(
                binaries, folder.resolve("b"), PostgresSettings.trusting(FreePort.find(), "shop", "shop"), primary);
        primary.prepare();
        replica.prepare();
        for (PostgresServer server : List.of(primary, replica)) {
            server.start(folder.resolve("log"));
        }
        for (PostgresServer server : List.of(primary, replica)) {
            server.awaitReady(Cluster.PATIENCE, folder.resolve("log"));
        }
        Path file = state.resolve("plinth.yaml");
        java.nio.file.Files.writeString(file, """
            stack: test
            nodes:
              db: { run: db-proxy, port: 0, admin: 127.0.0.1:0, loops: 2 }
            db-proxy:
              databases:
                shop:
                  health-interval: 50ms
                  failover-wait: 300s
                  shards: { s0: { primary: 127.0.0.1:%d, replicas: { r1: 127.0.0.1:%d } } }
            """.formatted(primary.port(), replica.port()));
        try (RunningNode proxy = Cluster.reloadable(file);
                Connection listener = Cluster.connect(proxy, "");
                Connection connection = Cluster.connect(proxy, "")) {
            Cluster.run(listener, "LISTEN news");
            Cluster.run(connection, "CREATE TABLE kept (x int)");
            await("a read on the replica", () -> recovering(proxy));
            primary.stop();
            CompletableFuture<Void> write = CompletableFuture.runAsync(() -> {
                try {
                    Cluster.run(connection, "INSERT INTO kept VALUES (1)");
                } catch (SQLException e) {
                    throw new IllegalStateException(e);
                }
            });
            try (Connection direct = java.sql.DriverManager.getConnection(
                    "jdbc:postgresql://127.0.0.1:" + replica.port() + "/shop", "postgres", "")) {
                text(direct, "SELECT pg_promote()");
            }
            write.get(60, TimeUnit.SECONDS);
            assertThat(text(connection, "SELECT count(*) FROM kept")).isEqualTo("1");
            // The old primary comes back as one, and what a reload changes has its servers asked anew.
            primary.start(folder.resolve("log"));
            primary.awaitReady(Cluster.PATIENCE, folder.resolve("log"));
            java.nio.file.Files.writeString(
                    file, java.nio.file.Files.readString(file).replace("50ms", "60ms"));
            proxy.reload().get(60, TimeUnit.SECONDS);
            Cluster.run(connection, "INSERT INTO kept VALUES (2)");
            assertThat(text(connection, "SELECT count(*) FROM kept")).isEqualTo("2");
            await("a notification by the new primary", () -> {
                Cluster.run(connection, "NOTIFY news");
                PGNotification[] heard = listener.unwrap(PGConnection.class).getNotifications(100);
                return heard != null && heard.length > 0;
            });
        } finally {
            primary.stop();
            replica.stop();
        }
    }

    @Test
    void aReadSeesEveryWriteThatTheProxyHasAcknowledged(@TempDir Path state) throws Exception {
        // Probes are too rare to tell of any of these writes: their own positions do.
        try (RunningNode proxy = cluster.single(state, "read-wait: 10s")) {
            try (Connection connection = Cluster.connect(proxy, "")) {
                Cluster.run(connection, "DROP TABLE IF EXISTS seen");
                Cluster.run(connection, "CREATE TABLE seen (x int)");
            }
            await("a read on the replica", () -> recovering(proxy));
            int onReplica = 0;
            try (Connection writer = Cluster.connect(proxy, "");
                    Connection reader = Cluster.connect(proxy, "")) {
                for (int i = 1; i <= 50; i++) {
                    Cluster.run(writer, "INSERT INTO seen VALUES (" + i + ")");
                    String[] seen = text(reader, "SELECT max(x) || ' ' || pg_is_in_recovery() FROM seen")
                            .split(" ", -1);
                    assertThat(seen[0]).isEqualTo("" + i);
                    onReplica += seen[1].equals("true") ? 1 : 0;
                }
            }
            assertThat(onReplica).isGreaterThan(25);
        }
    }

    @Test
    void aReadSeesWhatACommitAndChainHasAcknowledged(@TempDir Path state) throws Exception {
        try (RunningNode proxy = cluster.single(state, "");
                Connection replica = java.sql.DriverManager.getConnection(
                        "jdbc:postgresql://127.0.0.1:" + cluster.replica(0).port() + "/shop", "postgres", "");
                Connection reader = Cluster.connect(proxy, "");
                RawClient writer = RawClient.session(Cluster.port(proxy))) {
            assertThat(writer.query("CREATE TABLE IF NOT EXISTS chained (x int)"))
                    .endsWith("Z(I)");
            await("a read on the replica", () -> recovering(proxy));
            Cluster.run(replica, "SELECT pg_wal_replay_pause()");
            try {
                assertThat(writer.query("BEGIN; INSERT INTO chained VALUES (1); COMMIT AND CHAIN"))
                        .endsWith("C(COMMIT) Z(T)");
                assertThat(text(reader, "SELECT count(*) FROM chained")).isEqualTo("1");
            } finally {
                Cluster.run(replica, "SELECT pg_wal_replay_resume()");
            }
            assertThat(writer.query("ROLLBACK; DROP TABLE chained")).endsWith("Z(I)");
        }
    }

    @Test
    void aCausalKeySeesItsOwnWritesOnAnyConnection(@TempDir Path state) throws Exception {
        try (RunningNode proxy = cluster.single(state, "read-your-writes: key");
                Connection replica = java.sql.DriverManager.getConnection(
                        "jdbc:postgresql://127.0.0.1:" + cluster.replica(0).port() + "/shop", "postgres", "");
                Connection reader = Cluster.connect(proxy, "");
                Connection writer = Cluster.connect(proxy, "")) {
            Cluster.run(writer, "DROP TABLE IF EXISTS keyed");
            Cluster.run(writer, "CREATE TABLE keyed (x int)");
            await(
                    "the table on the replica",
                    () -> text(replica, "SELECT to_regclass('keyed')").equals("keyed"));
            await("a read on the replica", () -> recovering(proxy));
            Cluster.run(replica, "SELECT pg_wal_replay_pause()");
            try {
                Cluster.run(writer, "INSERT INTO keyed VALUES (1) /* plinth: key=u1 */");
                assertThat(text(reader, "SELECT count(*) FROM keyed /* plinth: key=u1 */"))
                        .isEqualTo("1");
                assertThat(text(reader, "SELECT count(*) FROM keyed /* plinth: primary */"))
                        .isEqualTo("1");
                assertThat(text(writer, "SELECT count(*) FROM keyed")).isEqualTo("1");
                Cluster.run(reader, "BEGIN READ ONLY /* plinth: key=u1 */");
                assertThat(text(reader, "SELECT count(*) FROM keyed")).isEqualTo("1");
                Cluster.run(reader, "COMMIT");
            } finally {
                Cluster.run(replica, "SELECT pg_wal_replay_resume()");
            }
        }
    }

    private static boolean recovering(RunningNode proxy) throws SQLException {
        try (Connection connection = Cluster.connect(proxy, "")) {
            return text(connection, "SELECT pg_is_in_recovery()").equals("t");
        }
    }
}
