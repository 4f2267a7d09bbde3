package io.plinth.dbproxy;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.plinth.kit.lifecycle.RunningNode;
import io.plinth.postgres.PostgresBinaries;
import io.plinth.postgres.PostgresServer;
import io.plinth.postgres.PostgresSettings;
import io.plinth.testkit.RequiresPeer;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** SCRAM-SHA-256 on both sides, with pgjdbc and with psql. */
@Timeout(60)
class LoginIT {
    private static @Nullable PostgresServer server;
    private static @Nullable RunningNode proxy;
    private static Path folder = Path.of("");

    @BeforeAll
    static void start() throws Exception {
        folder = Files.createDirectory(Cluster.shared().log().resolveSibling("login"));
        PostgresBinaries binaries = PostgresBinaries.unpack(folder.resolveSibling("."));
        PostgresServer secured = PostgresServer.primary(
                binaries,
                folder.resolve("data"),
                new PostgresSettings(
                        Cluster.freePort(),
                        16L << 20,
                        20,
                        PostgresSettings.Access.SCRAM,
                        Map.of("shop", "shop"),
                        "on the server"));
        server = secured;
        secured.prepare();
        secured.start(folder.resolve("log"));
        secured.awaitReady(Cluster.PATIENCE, folder.resolve("log"));
        Files.writeString(folder.resolve("client"), "pencil");
        Files.writeString(folder.resolve("server"), "on the server");
        Files.writeString(
                folder.resolve("verifier"),
                "SCRAM-SHA-256$4096:W22ZaJ0SNY7soEsUEjb6gQ==$WG5d8oPm3OtcPnkdi4Uo7BkeZkBFzpcXkuLmtbsT4qY=:"
                        + "wfPLwcE6nTWhTAmQ7tl2KeoiWGPlZqQxSrmfPwDl2dU=");
        Path file = folder.resolve("plinth.yaml");
        Files.writeString(file, """
            stack: test
            nodes:
              db: { run: db-proxy, port: 0, admin: 127.0.0.1:0, loops: 2 }
            db-proxy:
              databases:
                shop:
                  loopback: scram
                  users:
                    shop: { password: { file: client }, server-password: { file: server } }
                    keeper: { verifier: { file: verifier }, server-user: shop, server-password: { file: server } }
                    wrong: { password: { file: client }, server-user: shop }
                  shards: { s0: { primary: 127.0.0.1:%d } }
            """.formatted(secured.port()));
        proxy = Cluster.start(file);
    }

    @AfterAll
    static void stop() throws Exception {
        Objects.requireNonNull(proxy).close();
        Objects.requireNonNull(server).stop();
    }

    @Test
    void thePasswordAndTheVerifierLetTheirUsersIn() throws Exception {
        for (String user : List.of("shop", "keeper")) {
            try (Connection connection = connect(user, "pencil")) {
                assertThat(Cluster.text(connection, "SELECT current_user")).isEqualTo("shop");
            }
        }
    }

    @Test
    void wrongPasswordsAndUnknownUsersAreRefusedAlike() {
        for (String user : List.of("shop", "keeper", "stranger")) {
            assertThatThrownBy(() -> connect(user, "crayon"))
                    .isInstanceOf(SQLException.class)
                    .hasMessageContaining("password authentication failed")
                    .satisfies(e -> assertThat(((SQLException) e).getSQLState()).isEqualTo("28P01"));
        }
    }

    @Test
    void aPasswordTheServerDoesNotTakeIsSaidClearly() {
        assertThatThrownBy(() -> {
                    try (Connection connection = connect("wrong", "pencil")) {
                        Cluster.text(connection, "SELECT 1");
                    }
                })
                .hasMessageContaining("login to shop/s0")
                .hasMessageContaining("password authentication failed");
    }

    @Test
    @RequiresPeer("psql")
    void psqlLogsInAndRunsItsMetaCommands() throws Exception {
        assertThat(psql("SELECT 40 + 2")).contains("42");
        assertThat(psql("\\dt")).containsAnyOf("Did not find any", "List of");
        assertThat(psql("BEGIN; CREATE TABLE p (x int); INSERT INTO p VALUES (7); COMMIT; SELECT x FROM p"))
                .contains("7");
        assertThat(psql("\\d p")).contains("integer");
        assertThat(psql("\\copy p to stdout")).contains("7");
    }

    private static String psql(String command) throws IOException, InterruptedException {
        ProcessBuilder builder = new ProcessBuilder(
                "psql",
                "-X",
                "-h",
                "127.0.0.1",
                "-p",
                "" + Cluster.port(Objects.requireNonNull(proxy)),
                "-U",
                "shop",
                "-d",
                "shop",
                "-c",
                command);
        builder.environment().put("PGPASSWORD", "pencil");
        Process process = builder.redirectErrorStream(true).start();
        String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertThat(process.waitFor()).as(output).isZero();
        return output;
    }

    private static Connection connect(String user, String password) throws SQLException {
        return DriverManager.getConnection(Cluster.url(Objects.requireNonNull(proxy), ""), user, password);
    }
}
