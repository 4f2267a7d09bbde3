package io.plinth.dbproxy;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.netty.pkitesting.CertificateBuilder;
import io.netty.pkitesting.X509Bundle;
import io.plinth.kit.lifecycle.RunningNode;
import io.plinth.postgres.PostgresBinaries;
import io.plinth.postgres.PostgresServer;
import io.plinth.postgres.PostgresSettings;
import io.plinth.testkit.FreePort;
import io.plinth.testkit.RequiresPeer;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
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
@Timeout(120)
class LoginIT {
    private static @Nullable PostgresServer server;
    private static @Nullable RunningNode proxy;
    private static @Nullable RunningNode gate;
    private static Path folder = Path.of("");

    @BeforeAll
    static void start() throws Exception {
        folder = Files.createDirectory(Cluster.shared().log().resolveSibling("login"));
        PostgresBinaries binaries = PostgresBinaries.unpack(folder.resolveSibling("."));
        PostgresServer secured = PostgresServer.primary(
                binaries,
                folder.resolve("data"),
                new PostgresSettings(
                        FreePort.find(),
                        16L << 20,
                        60,
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
        try (Connection admin = DriverManager.getConnection(
                "jdbc:postgresql://127.0.0.1:" + secured.port() + "/shop", "postgres", "on the server")) {
            Cluster.run(admin, "CREATE ROLE walker LOGIN PASSWORD 'hike'");
            Cluster.run(admin, "SET password_encryption = md5; CREATE ROLE elder LOGIN PASSWORD 'stick'");
            Cluster.run(admin, "ALTER ROLE walker REPLICATION");
        }
        gate = Cluster.start(gate(secured.port()));
    }

    /** TLS, access rules, and users that only the server knows. */
    private static Path gate(int server) throws Exception {
        X509Bundle authority = new CertificateBuilder()
                .subject("CN=authority")
                .setIsCertificateAuthority(true)
                .buildSelfSigned();
        X509Bundle own = new CertificateBuilder()
                .subject("CN=127.0.0.1")
                .addSanIpAddress("127.0.0.1")
                .buildIssuedBy(authority);
        X509Bundle client = new CertificateBuilder().subject("CN=walker").buildIssuedBy(authority);
        Files.writeString(folder.resolve("ca.pem"), authority.getCertificatePEM());
        Files.writeString(folder.resolve("own.pem"), own.getCertificatePathPEM());
        Files.writeString(folder.resolve("own.key"), own.getPrivateKeyPEM());
        Files.writeString(folder.resolve("walker.pem"), client.getCertificatePathPEM());
        Files.write(
                folder.resolve("walker.pk8"), client.getKeyPair().getPrivate().getEncoded());
        Files.setPosixFilePermissions(folder.resolve("walker.pk8"), PosixFilePermissions.fromString("rw-------"));
        Files.writeString(folder.resolve("hba"), """
            hostssl   certified all 127.0.0.1/32 cert
            hostssl   all   all 127.0.0.1/32 scram-sha-256
            hostnossl old   all 127.0.0.1/32 md5
            hostnossl plain all 127.0.0.1/32 password
            hostnossl shop  postgres 127.0.0.1/32 reject
            hostnossl all   all 127.0.0.1/32 scram-sha-256
            """);
        String database = """
                %s:
                  hba: hba
                  shards: { s0: { primary: 127.0.0.1:%d, database: shop } }
                  %s
            """;
        String query = "auth-query: { user: postgres, password: { file: server } }";
        Path file = Files.createDirectories(folder.resolve("gate")).resolveSibling("gate.yaml");
        Files.writeString(
                file,
                """
                        stack: test
                        state: gate
                        nodes:
                          db: { run: db-proxy, port: 0, admin: 127.0.0.1:0, loops: 2 }
                        db-proxy:
                          tls: { cert: own.pem, key: own.key, client-ca: ca.pem }
                          databases:
                        """
                        + database.formatted("shop", server, query)
                        + database.formatted("old", server, query)
                        + database.formatted("certified", server, query)
                        + database.formatted(
                                "plain",
                                server,
                                "pass-through: true\n      users: { shop: { password: { file: client },"
                                        + " server-password: { file: server } } }"));
        return file;
    }

    private static Connection gate(String database, String options, String user, String password) throws SQLException {
        return DriverManager.getConnection(
                "jdbc:postgresql://127.0.0.1:" + Cluster.port(Objects.requireNonNull(gate)) + "/" + database + options,
                user,
                password);
    }

    private static String verified() {
        return "&sslmode=verify-ca&sslrootcert=" + folder.resolve("ca.pem");
    }

    @Test
    void tlsIsAskedForOrBegunDirectlyAndScramBindsToIt() throws Exception {
        for (String options : List.of(
                "?sslmode=require",
                "?channelBinding=require" + verified(),
                "?channelBinding=require&sslnegotiation=direct&protocolVersion=3.2" + verified())) {
            try (Connection connection = gate("shop", options, "walker", "hike")) {
                assertThat(Cluster.text(connection, "SELECT current_user")).isEqualTo("walker");
            }
            assertThatThrownBy(() -> gate("shop", options, "walker", "swim")).hasMessageContaining("failed for user");
        }
    }

    @Test
    void aClientsCertificateNamesItsUser() throws Exception {
        String certificate =
                "?sslmode=require&sslcert=" + folder.resolve("walker.pem") + "&sslkey=" + folder.resolve("walker.pk8");
        assertThatThrownBy(() -> gate("certified", "?sslmode=require", "walker", "hike"))
                .hasMessageContaining("certificate authentication failed");
        assertThatThrownBy(() -> gate("certified", certificate, "elder", "stick"))
                .hasMessageContaining("certificate authentication failed");
        assertThatThrownBy(() -> {
                    try (Connection connection = gate("certified", certificate, "walker", "")) {
                        Cluster.text(connection, "SELECT current_user");
                    }
                })
                .hasMessageContaining("the server wants a password");
    }

    @Test
    void usersTheServerKnowsLogInWithScramMd5OrTheirPassword() throws Exception {
        for (String[] way : new String[][] {
            {"shop", "walker", "hike"},
            {"old", "walker", "hike"},
            {"plain", "walker", "hike"},
            {"plain", "shop", "pencil"}
        }) {
            try (Connection connection = gate(way[0], "?sslmode=disable", way[1], way[2])) {
                assertThat(Cluster.text(connection, "SELECT current_user"))
                        .as(way[0])
                        .isEqualTo(way[1]);
            }
            assertThatThrownBy(() -> gate(way[0], "?sslmode=disable", way[1], "wrong"))
                    .hasMessageContaining("password authentication failed");
        }
        assertThatThrownBy(() -> gate("shop", "?sslmode=disable", "nobody", "x"))
                .hasMessageContaining("password authentication failed");
        assertThatThrownBy(() -> gate("shop", "?sslmode=disable", "postgres", "on the server"))
                .hasMessageContaining("an access rule rejects");
        // The server itself asks this one for SCRAM, which its md5 form cannot answer.
        assertThatThrownBy(() -> {
                    try (Connection connection = gate("old", "?sslmode=disable", "elder", "stick")) {
                        Cluster.text(connection, "SELECT 1");
                    }
                })
                .hasMessageContaining("login to old/s0");
    }

    @Test
    void aReplicationConnectionPasses() throws Exception {
        try (Connection connection = gate(
                "shop",
                "?sslmode=disable&replication=database&assumeMinServerVersion=9.4&preferQueryMode=simple",
                "walker",
                "hike")) {
            assertThat(Cluster.text(connection, "IDENTIFY_SYSTEM")).matches("[0-9]+");
        }
        try (Connection connection = connect("shop", "pencil")) {
            assertThat(Cluster.text(connection, "SELECT 1")).isEqualTo("1");
        }
    }

    @AfterAll
    static void stop() throws Exception {
        Objects.requireNonNull(gate).close();
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
