package io.plinth.dbproxy;

import static io.plinth.dbproxy.Cluster.await;
import static io.plinth.dbproxy.Cluster.run;
import static io.plinth.dbproxy.Cluster.text;
import static org.assertj.core.api.Assertions.assertThat;

import io.plinth.kit.lifecycle.RunningNode;
import io.plinth.testkit.BreakingRelay;
import io.plinth.testkit.FreePort;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * A proxy in a process of its own is killed between PREPARE TRANSACTION and COMMIT PREPARED; the next one settles what it
 * left. Shard s0 is held up in its PREPARE by a deferred trigger that waits for a lock, s1 by the network.
 */
@Timeout(180)
class TwoPhaseKillIT {
    private static final int GATE = 77_001;

    @TempDir
    Path folder;

    private final int port = FreePort.find();
    private Connection[] direct = {};
    private BreakingRelay relay;

    TwoPhaseKillIT() throws IOException {
        relay = BreakingRelay.to(new InetSocketAddress(
                InetAddress.getLoopbackAddress(), Cluster.shared().primary(1).port()));
    }

    @BeforeEach
    void prepare() throws Exception {
        Cluster cluster = Cluster.shared();
        direct = new Connection[] {cluster.direct(0), cluster.direct(1)};
        for (Connection each : direct) {
            run(each, "DROP TABLE IF EXISTS orders");
            run(each, "CREATE TABLE orders (id bigint, user_id bigint NOT NULL, total int)");
        }
        run(
                direct[0],
                "CREATE OR REPLACE FUNCTION gate() RETURNS trigger LANGUAGE plpgsql AS"
                        + " 'BEGIN PERFORM pg_advisory_xact_lock_shared(" + GATE + "); RETURN NULL; END'");
        run(
                direct[0],
                "CREATE CONSTRAINT TRIGGER gate AFTER INSERT ON orders DEFERRABLE INITIALLY DEFERRED"
                        + " FOR EACH ROW EXECUTE FUNCTION gate()");
        Files.writeString(folder.resolve("plinth.yaml"), """
            stack: test
            state: %s
            nodes:
              db: { run: db-proxy, port: %d, admin: 127.0.0.1:0, loops: 2 }
            db-proxy:
              databases:
                shop:
                  two-phase: on
                  two-phase-timeout: 5m
                  health-interval: 50ms
                  shards:
                    s0: { primary: 127.0.0.1:%d }
                    s1: { primary: 127.0.0.1:%d }
                  tables:
                    orders: { key: user_id }
            """.formatted(
                        folder.resolve("state"), port, cluster.primary(0).port(), relay.port()));
    }

    @AfterEach
    void clear() throws Exception {
        relay.close();
        run(direct[0], "DROP TABLE orders");
        run(direct[0], "DROP FUNCTION gate()");
        run(direct[1], "DROP TABLE orders");
        for (Connection each : direct) {
            each.close();
        }
    }

    private Process start() throws IOException {
        return new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-Xmx128m",
                        "-XX:+UseSerialGC",
                        "-XX:TieredStopAtLevel=1",
                        "-cp",
                        System.getProperty("java.class.path"),
                        DbProxyMain.class.getName(),
                        "db",
                        "--file",
                        folder.resolve("plinth.yaml").toString())
                .redirectErrorStream(true)
                .redirectOutput(folder.resolve("log").toFile())
                .start();
    }

    private int prepared(int shard) throws SQLException {
        return Integer.parseInt(text(direct[shard], "SELECT count(*) FROM pg_prepared_xacts"));
    }

    private int rows(int shard) throws SQLException {
        return Integer.parseInt(text(direct[shard], "SELECT count(*) FROM orders"));
    }

    /** A client's transaction on both shards, whose COMMIT is under way: s1 is prepared, s0 waits for the gate. */
    private CompletableFuture<Void> commit(Process proxy) throws Exception {
        run(direct[0], "SELECT pg_advisory_lock(" + GATE + ")");
        Connection[] client = {null};
        await("the proxy takes clients", () -> {
            assertThat(proxy.isAlive())
                    .as(Files.readString(folder.resolve("log")))
                    .isTrue();
            try {
                client[0] = DriverManager.getConnection("jdbc:postgresql://127.0.0.1:" + port + "/shop", "shop", "");
                return true;
            } catch (SQLException e) {
                return false;
            }
        });
        client[0].setAutoCommit(false);
        for (int user = 1; user <= 6; user++) {
            run(client[0], "INSERT INTO orders (id, user_id) VALUES (" + user + ", " + user + ")");
        }
        CompletableFuture<Void> end = CompletableFuture.runAsync(() -> {
            try (Connection connection = client[0]) {
                connection.commit();
            } catch (SQLException e) {
                throw new IllegalStateException(e);
            }
        });
        await("s1 is prepared", () -> prepared(1) == 1);
        await(
                "s0 waits in its PREPARE",
                () -> text(
                                direct[0],
                                "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND objid = " + GATE
                                        + " AND NOT granted")
                        .equals("1"));
        return end;
    }

    private void open() throws SQLException {
        run(direct[0], "SELECT pg_advisory_unlock(" + GATE + ")");
    }

    @Test
    void whatWasNotDecidedIsRolledBackByTheNextProxy() throws Exception {
        Process proxy = start();
        CompletableFuture<Void> client = commit(proxy);
        proxy.destroyForcibly().waitFor();
        assertThat(client.handle((done, failure) -> failure).get()).isNotNull();
        open();
        await("s0 is prepared, though nobody waits for it", () -> prepared(0) == 1);
        assertThat(prepared(1)).isEqualTo(1);
        try (RunningNode next = Cluster.start(folder.resolve("plinth.yaml"))) {
            assertThat(next.listening()).isNotEmpty();
            await("both are settled", () -> prepared(0) + prepared(1) == 0);
            assertThat(List.of(rows(0), rows(1))).containsExactly(0, 0);
        }
    }

    @Test
    void whatWasDecidedIsCommittedByTheNextProxy() throws Exception {
        Process proxy = start();
        CompletableFuture<Void> client = commit(proxy);
        relay.stall(BreakingRelay.Direction.TO_TARGET);
        open();
        await("s0 is committed", () -> rows(0) > 0);
        proxy.destroyForcibly().waitFor();
        assertThat(client.handle((done, failure) -> failure).get()).isNotNull();
        relay.cut(BreakingRelay.Cut.RESET);
        assertThat(prepared(1)).as("s1 has not heard of it").isEqualTo(1);
        assertThat(rows(1)).isZero();
        relay.heal();
        try (RunningNode next = Cluster.start(folder.resolve("plinth.yaml"))) {
            assertThat(next.listening()).isNotEmpty();
            await("s1 is settled", () -> prepared(1) == 0);
            assertThat(rows(0) + rows(1)).isEqualTo(6);
        }
    }
}
