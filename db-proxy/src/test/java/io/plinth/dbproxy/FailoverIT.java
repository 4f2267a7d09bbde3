package io.plinth.dbproxy;

import static io.plinth.dbproxy.Cluster.await;
import static io.plinth.dbproxy.Cluster.text;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.plinth.kit.lifecycle.RunningNode;
import io.plinth.postgres.PostgresServer;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Servers that go and come back. */
@Timeout(90)
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
        try (RunningNode proxy = cluster.single(state, "")) {
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

    private static boolean recovering(RunningNode proxy) throws SQLException {
        try (Connection connection = Cluster.connect(proxy, "")) {
            return text(connection, "SELECT pg_is_in_recovery()").equals("t");
        }
    }
}
