package io.plinth.postgres;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.plinth.testkit.FreePort;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

class PostgresServerIT {
    private static final Duration PATIENCE = Duration.ofSeconds(30);
    private static Path folder = Path.of("");
    private static PostgresBinaries binaries = new PostgresBinaries(folder);

    @BeforeAll
    static void unpack() throws IOException {
        folder = Files.createTempDirectory(
                "postgres-it", PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwxr-xr-x")));
        binaries = PostgresBinaries.unpack(folder.resolve("cache"));
    }

    @AfterAll
    static void clean() throws IOException {
        PostgresBinaries.delete(folder);
    }

    @Test
    void aReplicaStreamsFromItsPrimaryAndDataSurvivesAKill() throws Exception {
        PostgresServer primary = PostgresServer.primary(
                binaries, folder.resolve("a/primary"), PostgresSettings.trusting(FreePort.find(), "shop", "shop"));
        PostgresServer replica = PostgresServer.replica(
                binaries,
                folder.resolve("a/replica"),
                PostgresSettings.trusting(FreePort.find(), "shop", "shop"),
                primary);
        Path log = folder.resolve("a.log");
        primary.prepare();
        replica.prepare();
        try {
            primary.start(log);
            replica.start(log);
            primary.awaitReady(PATIENCE, log);
            replica.awaitReady(PATIENCE, log);
            query(primary, "shop", "", "CREATE TABLE t AS SELECT 42 AS answer");
            awaitAnswer(replica, "SELECT answer::text FROM t");
            assertThat(query(replica, "shop", "", "SELECT pg_is_in_recovery()::text"))
                    .isEqualTo("true");

            primary.kill();
            assertThat(primary.isReady()).isFalse();
            primary.prepare();
            primary.start(log);
            primary.awaitReady(PATIENCE, log);
            assertThat(query(primary, "shop", "", "SELECT answer::text FROM t")).isEqualTo("42");
        } finally {
            replica.stop();
            primary.stop();
        }
        assertThat(primary.isReady()).isFalse();
        primary.stop();
    }

    @Test
    void withScramAWrongPasswordIsRefused() throws Exception {
        PostgresServer server = PostgresServer.primary(
                binaries,
                folder.resolve("b/primary"),
                new PostgresSettings(
                        FreePort.find(),
                        16L << 20,
                        20,
                        PostgresSettings.Access.SCRAM,
                        Map.of("shop", "shop"),
                        "se'cret"));
        Path log = folder.resolve("b.log");
        server.prepare();
        try {
            server.start(log);
            server.awaitReady(PATIENCE, log);
            assertThat(query(server, "shop", "se'cret", "SELECT current_user::text"))
                    .isEqualTo("shop");
            assertThatThrownBy(() -> query(server, "shop", "wrong", "SELECT 1"))
                    .isInstanceOf(SQLException.class)
                    .hasMessageContaining("password");
        } finally {
            server.stop();
        }
    }

    @Test
    void aTakenPortIsSaidInOneLine() throws Exception {
        try (ServerSocket taken = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            PostgresServer server = PostgresServer.primary(
                    binaries,
                    folder.resolve("c/primary"),
                    PostgresSettings.trusting(taken.getLocalPort(), "shop", "shop"));
            Path log = folder.resolve("c.log");
            server.prepare();
            server.start(log);
            assertThatThrownBy(() -> server.awaitReady(PATIENCE, log))
                    .isInstanceOf(PostgresException.class)
                    .hasMessageContaining("stopped at once")
                    .hasMessageNotContaining("\n");
            server.stop();
        }
    }

    private static void awaitAnswer(PostgresServer server, String sql) throws InterruptedException {
        long deadline = System.nanoTime() + PATIENCE.toNanos();
        while (true) {
            try {
                assertThat(query(server, "shop", "", sql)).isEqualTo("42");
                return;
            } catch (SQLException e) {
                assertThat(System.nanoTime()).as(e.getMessage()).isLessThan(deadline);
                Thread.sleep(20);
            }
        }
    }

    private static String query(PostgresServer server, String user, String password, String sql) throws SQLException {
        String url = "jdbc:postgresql://127.0.0.1:" + server.port() + "/shop";
        try (Connection connection = DriverManager.getConnection(url, user, password);
                Statement statement = connection.createStatement()) {
            if (!statement.execute(sql)) {
                return "";
            }
            try (ResultSet rows = statement.getResultSet()) {
                rows.next();
                return rows.getString(1);
            }
        }
    }
}
