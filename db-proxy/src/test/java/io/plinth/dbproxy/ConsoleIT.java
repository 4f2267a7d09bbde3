package io.plinth.dbproxy;

import static io.plinth.dbproxy.Cluster.await;
import static io.plinth.dbproxy.Cluster.run;
import static io.plinth.dbproxy.Cluster.text;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.plinth.kit.lifecycle.RunningNode;
import io.plinth.testkit.FreePort;
import io.plinth.testkit.Peer;
import io.plinth.testkit.RequiresPeer;
import java.io.IOException;
import java.net.Socket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.postgresql.PGConnection;
import org.postgresql.PGNotification;

/** PgBouncer's console, by psql and beside PgBouncer itself. */
@Timeout(120)
class ConsoleIT {
    private static final Executor ASIDE = command -> Thread.ofVirtual().start(command);
    private static @Nullable RunningNode proxy;

    @BeforeAll
    static void start(@TempDir Path state) throws Exception {
        Files.writeString(state.resolve("password"), "wrench");
        Path file = state.resolve("plinth.yaml");
        Files.writeString(file, """
            stack: test
            nodes:
              db: { run: db-proxy, port: 0, admin: 127.0.0.1:0, loops: 2 }
            db-proxy:
              console:
                admin-users: { ops: { password: { file: password } } }
                stats-users: { watch: { password: { file: password } } }
              databases:
                shop:
                  slow-statement: 50ms
                  shards: { s0: { primary: 127.0.0.1:%1$d }, s1: { primary: 127.0.0.1:%2$d } }
                  tables: { parted: { key: id } }
                other: { users: { shop: {} }, shards: { s0: { primary: 127.0.0.1:%1$d, database: shop } } }
            """.formatted(
                Cluster.shared().primary(0).port(), Cluster.shared().primary(1).port()));
        proxy = Cluster.start(file);
    }

    @AfterAll
    static void stop() throws Exception {
        Objects.requireNonNull(proxy).close();
    }

    @AfterEach
    void resume() throws Exception {
        attempt("ops", "RESUME");
    }

    private static int port() {
        return Cluster.port(Objects.requireNonNull(proxy));
    }

    private static Connection connect() throws SQLException {
        return Cluster.connect(Objects.requireNonNull(proxy), "?socketTimeout=20");
    }

    private static Program.Outcome attempt(String user, String command) throws IOException, InterruptedException {
        return Program.psql(port(), user, "wrench", "pgbouncer", command);
    }

    private static String console(String command) throws IOException, InterruptedException {
        Program.Outcome outcome = attempt("ops", command);
        assertThat(outcome.code()).as(outcome.output()).isZero();
        return outcome.output().strip();
    }

    private static String first(String line) {
        int end = line.indexOf('|');
        return end < 0 ? line : line.substring(0, end);
    }

    /** One column of one table, of the rows that contain {@code with}. */
    private static List<String> column(String table, String name, String with)
            throws IOException, InterruptedException {
        List<String> lines = console("SHOW " + table).lines().toList();
        int index = List.of(lines.getFirst().split("\\|", -1)).indexOf(name);
        assertThat(index).as(name + " of " + lines.getFirst()).isNotNegative();
        return lines.stream()
                .skip(1)
                .filter(line -> line.contains(with))
                .map(line -> line.split("\\|", -1)[index])
                .toList();
    }

    @Test
    @RequiresPeer({"psql", "pgbouncer"})
    void tablesBeginWithTheColumnsOfPgBouncer(@TempDir Path folder) throws Exception {
        Files.setPosixFilePermissions(folder, PosixFilePermissions.fromString("rwxrwxrwx"));
        Running pgbouncer = pgbouncer(folder);
        for (int i = 0; i < 4 && !pgbouncer.answers(); i++) {
            // Somebody else may have taken the port meanwhile.
            pgbouncer = pgbouncer(folder);
        }
        int peer = pgbouncer.port();
        assertThat(pgbouncer.answers())
                .as(Files.readString(folder.resolve("log")))
                .isTrue();
        try {
            for (String table : List.of(
                    "POOLS",
                    "CLIENTS",
                    "SERVERS",
                    "SOCKETS",
                    "ACTIVE_SOCKETS",
                    "STATS",
                    "STATS_TOTALS",
                    "STATS_AVERAGES",
                    "TOTALS",
                    "DATABASES",
                    "USERS",
                    "CONFIG",
                    "LISTS",
                    "MEM",
                    "DNS_HOSTS",
                    "DNS_ZONES")) {
                List<String> theirs = Program.psql(peer, "watch", "", "pgbouncer", "SHOW " + table)
                        .output()
                        .lines()
                        .toList();
                List<String> ours = console("SHOW " + table).lines().toList();
                assertThat(ours.getFirst()).as(table).startsWith(theirs.getFirst());
                if (table.equals("LISTS") || table.equals("TOTALS")) {
                    assertThat(ours.stream().map(ConsoleIT::first))
                            .as(table)
                            .containsAll(theirs.stream().map(ConsoleIT::first).toList());
                }
            }
            assertThat(console("SHOW VERSION")).contains("PgBouncer 1.");
            assertThat(console("SHOW HELP")).contains("SHOW STATS").contains("PAUSE [<db>]");
        } finally {
            pgbouncer.process().destroy();
            pgbouncer.process().waitFor(10, TimeUnit.SECONDS);
        }
    }

    private record Running(Process process, int port) {
        boolean answers() throws Exception {
            await("pgbouncer", () -> !process.isAlive() || connects());
            return process.isAlive();
        }

        private boolean connects() {
            try (Socket socket = new Socket("127.0.0.1", port)) {
                return socket.isConnected();
            } catch (IOException e) {
                return false;
            }
        }
    }

    private static Running pgbouncer(Path folder) throws IOException {
        int peer = FreePort.find();
        Path file = folder.resolve("pgbouncer.ini");
        Files.writeString(file, """
            [databases]
            shop = host=127.0.0.1 port=%d
            [pgbouncer]
            listen_addr = 127.0.0.1
            listen_port = %d
            auth_type = any
            unix_socket_dir =
            """.formatted(Cluster.shared().primary(0).port(), peer));
        List<String> command = new ArrayList<>(List.of(Peer.path("pgbouncer").toString(), "-q"));
        if ("root".equals(ProcessHandle.current().info().user().orElse(""))) {
            command.addAll(List.of("-u", "nobody"));
        }
        command.add(file.toString());
        Process pgbouncer = new ProcessBuilder(command)
                .redirectErrorStream(true)
                .redirectOutput(folder.resolve("log").toFile())
                .start();
        return new Running(pgbouncer, peer);
    }

    @Test
    @RequiresPeer("psql")
    void countsWhatClientsDo() throws Exception {
        try (Connection connection = connect()) {
            long before =
                    Long.parseLong(column("STATS_TOTALS", "query_count", "shop").getFirst());
            for (int i = 0; i < 10; i++) {
                assertThat(text(connection, "SELECT " + i)).isEqualTo(String.valueOf(i));
            }
            assertThat(Long.parseLong(
                            column("STATS_TOTALS", "query_count", "shop").getFirst()))
                    .isBetween(before + 10, before + 30);
            assertThat(Long.parseLong(column("STATS", "total_received", "shop").getFirst()))
                    .isPositive();
            assertThat(column("CLIENTS", "application_name", "shop|shop")).contains("PostgreSQL JDBC Driver");
            assertThat(column("CLIENTS", "user", "pgbouncer")).contains("ops");
            assertThat(column("SERVERS", "state", "shop")).contains("idle");
            assertThat(column("POOLS", "cl_active", "shop|shop")).isNotEmpty();
            assertThat(column("CONFIG", "value", "max_client_conn")).containsExactly("10000");
            assertThat(column("CONFIG", "value", "databases.other.pool.size")).containsExactly("20");
        }
    }

    @Test
    void slowStatementsAndPercentilesAreShown() throws Exception {
        String trace = "00-5bd66ef5095369c7b0d1f8f4bd33716a-c532cb4098ac3dd2-01";
        try (Connection connection = connect()) {
            for (int i = 0; i < 20; i++) {
                text(connection, "SELECT " + i + " AS counted");
            }
            text(connection, "SELECT pg_sleep(0.06), 'secret' /*traceparent='" + trace + "'*/");
        }
        assertThat(page("/statements?database=shop"))
                .contains("\"statement\":\"select ? as counted\",\"count\":20,")
                .contains("\"p99\":");
        assertThat(page("/slow"))
                .contains("\"statement\":\"select pg_sleep")
                .contains("\"trace\":\"" + trace + "\"")
                .doesNotContain("secret");
        assertThat(page("/metrics"))
                .contains("db_proxy_pool_answer_seconds{server=\"shop/s0\",user=\"shop\",quantile=\"0.99\"}")
                .contains("db_proxy_statement_seconds_count{");
    }

    private static String page(String path) throws IOException, InterruptedException {
        URI uri = URI.create(
                "http://127.0.0.1:" + Objects.requireNonNull(proxy).admin().getPort() + path);
        try (HttpClient client = HttpClient.newHttpClient()) {
            return client.send(HttpRequest.newBuilder(uri).build(), HttpResponse.BodyHandlers.ofString())
                    .body();
        }
    }

    @Test
    @RequiresPeer("psql")
    void aPauseEndsTheConnectionsThatListenToo() throws Exception {
        try (Connection listens = connect();
                Connection direct = Cluster.shared().direct(0)) {
            run(listens, "LISTEN paused_channel");
            String listening =
                    "SELECT count(*) FROM pg_stat_activity WHERE query LIKE 'LISTEN%paused_channel%' AND pid <>"
                            + " pg_backend_pid()";
            await("a connection listens", () -> text(direct, listening).equals("1"));
            assertThat(console("PAUSE shop")).isEqualTo("PAUSE");
            await("none listens", () -> text(direct, listening).equals("0"));
            assertThat(console("RESUME shop")).isEqualTo("RESUME");
            await("a connection listens again", () -> text(direct, listening).equals("1"));
            await("it hears", () -> {
                run(direct, "NOTIFY paused_channel");
                PGNotification[] heard = listens.unwrap(PGConnection.class).getNotifications(200);
                return heard != null && heard.length > 0;
            });
        }
    }

    @Test
    @RequiresPeer("psql")
    void pausedClientsWaitAndGoOnWithoutAnError() throws Exception {
        try (Connection busy = connect();
                Connection held = connect()) {
            busy.setAutoCommit(false);
            run(busy, "SELECT pg_advisory_xact_lock_shared(5)");
            CompletableFuture<String> pause = CompletableFuture.supplyAsync(() -> unchecked("PAUSE shop"), ASIDE);
            await("paused", () -> column("DATABASES", "paused", "shop|127").contains("1"));
            CompletableFuture<String> waits = CompletableFuture.supplyAsync(
                    () -> {
                        try {
                            return text(held, "SELECT 'through'");
                        } catch (SQLException e) {
                            return e.getMessage();
                        }
                    },
                    ASIDE);
            await(
                    "a client that waits",
                    () -> column("POOLS", "cl_waiting", "shop|shop").stream().anyMatch(count -> !count.equals("0")));
            assertThat(pause).isNotDone();
            assertThat(attempt("ops", "PAUSE shop").output()).contains("already suspended/paused");
            busy.commit();
            assertThat(pause.get(20, TimeUnit.SECONDS)).isEqualTo("PAUSE");
            assertThat(column("SERVERS", "state", "|shop|")).isEmpty();
            assertThat(waits).isNotDone();
            assertThat(console("RESUME shop")).isEqualTo("RESUME");
            assertThat(waits.get(20, TimeUnit.SECONDS)).isEqualTo("through");
            assertThat(attempt("ops", "RESUME shop").output()).contains("database shop is not paused");
        }
    }

    @Test
    @RequiresPeer("psql")
    void aCopyOutOfAllShardsThatWaitsAtAPauseIsCancelled() throws Exception {
        try (Connection copies =
                        Cluster.connect(Objects.requireNonNull(proxy), "?socketTimeout=20&preferQueryMode=simple");
                Statement statement = copies.createStatement()) {
            assertThat(console("PAUSE shop")).isEqualTo("PAUSE");
            CompletableFuture<String> copy = CompletableFuture.supplyAsync(
                    () -> {
                        try {
                            return "no error: " + statement.execute("COPY parted TO STDOUT");
                        } catch (SQLException e) {
                            return String.valueOf(e.getSQLState());
                        }
                    },
                    ASIDE);
            await(
                    "a client that waits",
                    () -> column("POOLS", "cl_waiting", "shop|shop").stream().anyMatch(count -> !count.equals("0")));
            statement.cancel();
            assertThat(copy.get(20, TimeUnit.SECONDS)).isEqualTo("57014");
        }
    }

    private static String unchecked(String command) {
        try {
            return console(command);
        } catch (IOException | InterruptedException e) {
            return e.toString();
        }
    }

    @Test
    @RequiresPeer("psql")
    void reconnectReplacesServerConnectionsAndNoClient() throws Exception {
        try (Connection connection = connect();
                Connection busy = connect()) {
            busy.setAutoCommit(false);
            String kept = text(busy, "SELECT pg_backend_pid() FROM pg_sleep(0)");
            String before = text(connection, "SELECT pg_backend_pid()");
            assertThat(console("RECONNECT shop")).isEqualTo("RECONNECT");
            await(
                    "a new connection",
                    () -> !text(connection, "SELECT pg_backend_pid()").equals(before));
            assertThat(text(busy, "SELECT pg_backend_pid()")).isEqualTo(kept);
            await(
                    "close_needed",
                    () -> column("SERVERS", "close_needed", "|shop|").contains("1"));
            CompletableFuture<String> closed = CompletableFuture.supplyAsync(() -> unchecked("WAIT_CLOSE shop"), ASIDE);
            assertThat(closed).isNotDone();
            busy.commit();
            assertThat(closed.get(20, TimeUnit.SECONDS)).isEqualTo("WAIT_CLOSE");
        }
    }

    @Test
    @RequiresPeer("psql")
    void killEndsClientsAndDisableTurnsNewOnesAway() throws Exception {
        try (RawClient client = RawClient.session(port(), "shop", "other")) {
            assertThat(client.query("SELECT 1")).endsWith("Z(I)");
            assertThat(console("KILL other")).isEqualTo("KILL");
            assertThat(client.untilReady()).isEqualTo("E(57P01) closed");
            assertThat(console("RESUME other")).isEqualTo("RESUME");
            assertThat(console("DISABLE other")).isEqualTo("DISABLE");
            try (RawClient refused = new RawClient(port())) {
                refused.startup("shop", "other");
                assertThat(refused.untilReady()).isEqualTo("E(57P03) closed");
            }
            assertThat(console("ENABLE other")).isEqualTo("ENABLE");
        }
        try (RawClient again = RawClient.session(port(), "shop", "other")) {
            assertThat(again.query("SELECT 1")).endsWith("Z(I)");
            String id = column("CLIENTS", "id", "shop|other").getFirst();
            assertThat(console("KILL_CLIENT " + id)).isEqualTo("KILL_CLIENT");
            assertThat(again.untilReady()).isEqualTo("E(57P01) closed");
        }
    }

    @Test
    @RequiresPeer("psql")
    void onlyAdminsMayDoMoreThanLook() throws Exception {
        assertThat(attempt("watch", "SHOW POOLS").code()).isZero();
        for (String command : List.of("PAUSE", "KILL shop", "RELOAD", "RECONNECT", "DISABLE shop")) {
            assertThat(attempt("watch", command).output()).as(command).contains("admin access needed");
        }
        assertThat(Program.psql(port(), "ops", "wrong", "pgbouncer", "SHOW POOLS")
                        .output())
                .contains("password authentication failed");
        assertThat(Program.psql(port(), "shop", "", "pgbouncer", "SHOW POOLS").code())
                .isNotZero();
        for (String command :
                Arrays.asList("SHOW NOTHING", "SELECT 1", "PAUSE nobody", "SET verbose = 1", "SHUTDOWN")) {
            assertThat(attempt("ops", command).output()).as(command).contains("ERROR");
        }
    }

    @Test
    void theExtendedProtocolIsRefusedAsPgBouncerDoes() {
        assertThatThrownBy(() -> {
                    try (Connection connection = java.sql.DriverManager.getConnection(
                            "jdbc:postgresql://127.0.0.1:" + port()
                                    + "/pgbouncer?assumeMinServerVersion=9.0&socketTimeout=20",
                            "ops",
                            "wrench")) {
                        text(connection, "SHOW POOLS");
                    }
                })
                .hasMessageContaining("extended query protocol not supported");
    }
}
