package io.plinth.dbproxy;

import static io.plinth.dbproxy.Cluster.await;
import static io.plinth.dbproxy.Cluster.run;
import static io.plinth.dbproxy.Cluster.text;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.plinth.dbproxy.wire.Frontend;
import io.plinth.dbproxy.wire.FrontendWriter;
import io.plinth.kit.lifecycle.RunningNode;
import io.plinth.testkit.RequiresPeer;
import java.net.URI;
import java.net.URLEncoder;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Rules for statements, on the servers: denied, routed, timed out, limited, shown and reloaded. */
@Timeout(120)
class QueryRulesIT {
    private static final int GATE = 77_002;
    private static final String RULES = """
        rules:
          no-secrets: { table: secrets, deny: "ask the keeper" }
          to-primary: { regex: as_primary, route: primary }
          to-s1: { regex: as_s1, route: shard=s1 }
          quick: { regex: pg_sleep, timeout: 200ms }
          alone: { regex: as_alone, concurrency: 1 }
        """;

    private static @Nullable RunningNode proxy;
    private static Path file = Path.of("");

    @BeforeAll
    static void start(@TempDir Path state) throws Exception {
        file = state.resolve("plinth.yaml");
        Files.writeString(state.resolve("password"), "wrench");
        write(RULES);
        proxy = Cluster.reloadable(file);
        try (Connection connection = connect("")) {
            await(
                    "a replica serves reads",
                    () -> text(connection, "SELECT pg_is_in_recovery()").equals("t"));
        }
    }

    private static void write(String rules) throws Exception {
        Cluster cluster = Cluster.shared();
        Files.writeString(file, """
            stack: test
            nodes:
              db: { run: db-proxy, port: 0, admin: 127.0.0.1:0, loops: 2 }
            db-proxy:
              console: { admin-users: { ops: { password: { file: password } } } }
              databases:
                shop:
                  health-interval: 50ms
                  shards:
                    s0: { primary: 127.0.0.1:%d, replicas: { r1: 127.0.0.1:%d } }
                    s1: { primary: 127.0.0.1:%d }
            %s
            """.formatted(
                        cluster.primary(0).port(),
                        cluster.replica(0).port(),
                        cluster.primary(1).port(),
                        rules.indent(6)));
    }

    @AfterAll
    static void stop() throws Exception {
        Objects.requireNonNull(proxy).close();
    }

    private static Connection connect(String options) throws SQLException {
        return Cluster.connect(Objects.requireNonNull(proxy), options);
    }

    @ParameterizedTest
    @ValueSource(strings = {"?preferQueryMode=simple", "?prepareThreshold=1"})
    void whatARuleDeniesIsToldAndTheSessionGoesOn(String mode) throws Exception {
        try (Connection connection = connect(mode)) {
            assertThatThrownBy(() -> text(connection, "SELECT * FROM public.secrets"))
                    .isInstanceOfSatisfying(
                            SQLException.class, e -> assertThat(e.getSQLState()).isEqualTo("42501"))
                    .hasMessageContaining("ask the keeper (rule no-secrets)");
            assertThat(text(connection, "SELECT 7")).isEqualTo("7");
            connection.setAutoCommit(false);
            assertThat(text(connection, "SELECT 8")).isEqualTo("8");
            assertThatThrownBy(() -> run(connection, "DELETE FROM secrets")).hasMessageContaining("ask the keeper");
            assertThatThrownBy(() -> text(connection, "SELECT 9")).hasMessageContaining("aborted");
            connection.rollback();
            assertThat(text(connection, "SELECT 10")).isEqualTo("10");
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"?preferQueryMode=simple", "?prepareThreshold=1"})
    void rulesSayWhereStatementsGo(String mode) throws Exception {
        try (Connection connection = connect(mode)) {
            assertThat(text(connection, "SELECT pg_is_in_recovery() AS as_primary"))
                    .isEqualTo("f");
            for (int i = 0; i < 3; i++) {
                assertThat(text(connection, "SELECT setting AS as_s1 FROM pg_settings WHERE name = 'port'"))
                        .isEqualTo(String.valueOf(Cluster.shared().primary(1).port()));
            }
            assertThat(text(connection, "SELECT setting FROM pg_settings WHERE name = 'port'"))
                    .isIn(
                            String.valueOf(Cluster.shared().primary(0).port()),
                            String.valueOf(Cluster.shared().replica(0).port()));
        }
        assertThat(explain("SELECT 1 AS as_primary")).contains("\"server\":\"primary\"", "rule to-primary");
        assertThat(explain("SELECT 1 AS as_s1")).contains("\"shards\":[\"s1\"]", "rule to-s1");
        assertThat(explain("DELETE FROM secrets")).contains("\"refused\":\"ask the keeper\"", "\"server\":\"none\"");
    }

    @ParameterizedTest
    @ValueSource(strings = {"?preferQueryMode=simple", "?prepareThreshold=1"})
    void aRuleEndsWhatTakesTooLong(String mode) throws Exception {
        try (Connection connection = connect(mode)) {
            assertThatThrownBy(() -> text(connection, "SELECT pg_sleep(100)"))
                    .isInstanceOfSatisfying(
                            SQLException.class, e -> assertThat(e.getSQLState()).isEqualTo("57014"));
            assertThat(text(connection, "SELECT 7")).isEqualTo("7");
        }
    }

    @Test
    void aRuleEndsWhatRunsBeforeTheClientSendsSync() throws Exception {
        try (RawClient client = RawClient.session(Cluster.port(Objects.requireNonNull(proxy)))) {
            client.send(out -> {
                FrontendWriter.parse(out, "", "SELECT pg_sleep(100)".getBytes(StandardCharsets.UTF_8), new int[0]);
                FrontendWriter.bind(out, "", "", new byte[6], 0);
                FrontendWriter.execute(out, "", 0);
                FrontendWriter.bare(out, Frontend.FLUSH);
            });
            assertThat(client.until('E')).isEqualTo("12E");
            client.send(out -> FrontendWriter.bare(out, Frontend.SYNC));
            assertThat(client.untilReady()).isEqualTo("Z(I)");
        }
    }

    @Test
    @RequiresPeer("psql")
    void noMoreRunAtOnceThanARuleAllows() throws Exception {
        String sql = "SELECT pg_advisory_xact_lock(" + GATE + ") AS as_alone";
        try (Connection holder = Cluster.shared().direct(0);
                Connection first = connect("");
                Connection second = connect("")) {
            run(holder, "SELECT pg_advisory_lock(" + GATE + ")");
            CompletableFuture<String> waiting = CompletableFuture.supplyAsync(() -> {
                try {
                    return text(first, sql);
                } catch (SQLException e) {
                    throw new IllegalStateException(e);
                }
            });
            await("it is counted as running", () -> rule("alone").endsWith("|1"));
            assertThatThrownBy(() -> text(second, sql))
                    .isInstanceOfSatisfying(
                            SQLException.class, e -> assertThat(e.getSQLState()).isEqualTo("53400"))
                    .hasMessageContaining("rule alone: more than 1 at once");
            run(holder, "SELECT pg_advisory_unlock(" + GATE + ")");
            waiting.get();
            await("it is over", () -> rule("alone").endsWith("|0"));
            text(second, sql);
        }
    }

    /** Its line of SHOW RULES. */
    private static String rule(String name) throws Exception {
        Program.Outcome shown =
                Program.psql(Cluster.port(Objects.requireNonNull(proxy)), "ops", "wrench", "pgbouncer", "SHOW RULES");
        assertThat(shown.code()).as(shown.output()).isZero();
        return shown.output()
                .lines()
                .filter(line -> line.startsWith("shop|" + name + "|"))
                .findFirst()
                .orElse("");
    }

    @Test
    @RequiresPeer("psql")
    void rulesAreShownCountedAndReloaded() throws Exception {
        try (Connection connection = connect("")) {
            write(RULES + "  passing: { kind: create, deny: not now }\n");
            Objects.requireNonNull(proxy).reload().get();
            assertThatThrownBy(() -> run(connection, "CREATE TABLE denied (a int)"))
                    .hasMessageContaining("not now");
            assertThat(rule("passing")).isEqualTo("shop|passing|0|kind: create|deny: not now|1|1|0");
            write(RULES);
            Objects.requireNonNull(proxy).reload().get();
            assertThat(rule("passing")).isEmpty();
            run(connection, "CREATE TEMP TABLE denied (a int)");
        }
    }

    private static String explain(String sql) throws Exception {
        try (HttpClient client = HttpClient.newHttpClient()) {
            URI page = URI.create("http://127.0.0.1:"
                    + Objects.requireNonNull(proxy).admin().getPort() + "/explain?sql="
                    + URLEncoder.encode(sql, StandardCharsets.UTF_8));
            return client.send(HttpRequest.newBuilder(page).build(), HttpResponse.BodyHandlers.ofString())
                    .body();
        }
    }
}
