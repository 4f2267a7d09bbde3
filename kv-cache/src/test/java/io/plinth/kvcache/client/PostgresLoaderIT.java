package io.plinth.kvcache.client;

import static org.assertj.core.api.Assertions.assertThat;

import io.plinth.postgres.PostgresBinaries;
import io.plinth.postgres.PostgresServer;
import io.plinth.postgres.PostgresSettings;
import io.plinth.testkit.FreePort;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.Statement;
import java.time.Duration;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** A real PostgreSQL behind keys. */
@Timeout(180)
class PostgresLoaderIT {
    @Test
    void readsWritesAndAbsencesReachTheDatabase(@TempDir Path folder, @TempDir Path state) throws Exception {
        // The server's account is another one than ours when we run as root.
        Files.setPosixFilePermissions(folder, PosixFilePermissions.fromString("rwxr-xr-x"));
        int port = FreePort.find();
        PostgresServer server = PostgresServer.primary(
                PostgresBinaries.unpack(folder),
                folder.resolve("data"),
                PostgresSettings.trusting(port, "shop", "shop"));
        server.prepare();
        server.start(folder.resolve("log"));
        try {
            server.awaitReady(Duration.ofSeconds(60), folder.resolve("log"));
            String url = "jdbc:postgresql://127.0.0.1:" + port + "/shop";
            try (Connection direct = DriverManager.getConnection(url, "shop", "");
                    Statement statement = direct.createStatement()) {
                statement.execute("create table users (id bigint primary key, body text)");
                statement.execute("insert into users values (1, 'anna'), (2, null)");
                run(state, url, statement);
            }
        } finally {
            server.stop();
        }
    }

    private static void run(Path state, String url, Statement statement) throws Exception {
        String section = "memory: 32MiB, loaders: { db: { timeout: 20s, concurrency: 2, postgres: { url: \"" + url
                + "\", user: shop, load: \"select body from users where id = :key\","
                + " store: \"insert into users values (:key, :value) on conflict (id) do update set body = :value\","
                + " remove: \"delete from users where id = :key\" } } },"
                + " patterns: { users: { prefix: \"user:\", ttl: 1h, loader: db, write: through },"
                + " later: { prefix: \"later:\", ttl: 1h, loader: db, write: behind } }";
        try (Cluster cluster = Cluster.start(state, section, 1);
                RawClient client = new RawClient(cluster.port(0))) {
            assertThat(client.call("GET", "user:1")).isEqualTo("$4\r\nanna\r\n");
            assertThat(client.call("GET", "user:2")).isEqualTo("$-1\r\n");
            assertThat(client.call("GET", "user:3")).isEqualTo("$-1\r\n");
            statement.execute("update users set body = 'other'");
            assertThat(client.call("GET", "user:1")).isEqualTo("$4\r\nanna\r\n");
            assertThat(client.call("SET", "user:3", "carl 'the third'")).isEqualTo("+OK\r\n");
            assertThat(body(statement, 3)).isEqualTo("carl 'the third'");
            assertThat(client.call("DEL", "user:1")).isEqualTo(":1\r\n");
            assertThat(body(statement, 1)).isNull();
            assertThat(client.call("SET", "user:no-number", "v"))
                    .startsWith("-ERR loader db: ")
                    .contains("bigint");
            assertThat(client.call("GET", "user:no-number")).startsWith("-ERR loader db: ");
            assertThat(client.call("SET", "later:7", "seven")).isEqualTo("+OK\r\n");
            Await.until("handed on", () -> "seven".equals(body(statement, 7)));
        }
    }

    private static @Nullable String body(Statement statement, int id) throws Exception {
        try (ResultSet rows = statement.executeQuery("select body from users where id = " + id)) {
            return rows.next() ? rows.getString(1) : null;
        }
    }
}
