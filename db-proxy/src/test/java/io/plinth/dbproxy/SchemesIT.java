package io.plinth.dbproxy;

import static io.plinth.dbproxy.Cluster.run;
import static io.plinth.dbproxy.Cluster.text;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.plinth.kit.lifecycle.RunningNode;
import java.net.InetSocketAddress;
import java.net.URI;
import java.net.URLEncoder;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Timestamp;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Each way of spreading tables over shards, through the proxy to real servers. */
@Timeout(120)
class SchemesIT {
    private static final String SIMPLE = "?preferQueryMode=simple";
    private static final String EXTENDED = "?prepareThreshold=-1";
    private static Path folder = Path.of("");
    private static @Nullable RunningNode proxy;

    @BeforeAll
    static void start(@TempDir Path state) throws Exception {
        folder = state;
        Files.writeString(state.resolve("plinth.yaml"), """
            stack: test
            regions:
              old: { serves: [EU, MA] }
              new: { serves: [NA, SA] }
            nodes:
              db: { run: db-proxy, region: old, port: 0, admin: 127.0.0.1:0, loops: 2 }
            db-proxy:
              databases:
                shop:
                  health-interval: 50ms
                  pool: { size: 6 }
                  shards:
                    s0: { primary: 127.0.0.1:%d }
                    s1: { primary: 127.0.0.1:%d }
                  tables:
                    x_range: { key: id, by: range, ranges: { low: { to: 1000, shard: s1 }, high: { from: 1000, to: 2000, shard: s0 } } }
                    x_range_lines: { key: range_id, by: range, ranges: { low: { to: 1000, shard: s1 }, high: { from: 1000, to: 2000, shard: s0 } } }
                    x_list: { key: tenant, type: text, by: list, values: { s0: [anna, 'b d'], s1: [carl] } }
                    x_geo: { key: country, type: text, by: geography, values: { s0: [old, AS], s1: [new, JP] } }
                    x_dir: { key: tenant, type: uuid, by: directory, rest: s0 }
                    x_ring: { key: id, by: ring }
                    x_many: { key: a, also: { b: text }, by: hash }
                    x_time: { key: at, type: timestamptz }
                    x_num: { key: n, type: numeric }
                    x_char: { key: c, type: character }
                    x_ref: { by: reference }
                    x_whole: { by: domain, shard: s1 }
                  schemas: { x_billing: s1 }
            """.formatted(
                Cluster.shared().primary(0).port(), Cluster.shared().primary(1).port()));
        proxy = Cluster.start(state.resolve("plinth.yaml"));
        try (Connection connection = connect(SIMPLE)) {
            for (String definition : List.of(
                    "x_range (id bigint, note text)",
                    "x_range_lines (range_id int, n int)",
                    "x_list (tenant varchar(20), note text)",
                    "x_geo (country text, note text)",
                    "x_dir (tenant uuid, note text)",
                    "x_ring (id bigint, note text)",
                    "x_many (b text, a bigint, note text)",
                    "x_time (at timestamp with time zone, note text)",
                    "x_num (n numeric, note text)",
                    "x_char (c character(10), note text)",
                    "x_ref (id int PRIMARY KEY, title text)",
                    "x_whole (id int, note text)")) {
                run(connection, "DROP TABLE IF EXISTS " + definition.substring(0, definition.indexOf(' ')));
                run(connection, "CREATE TABLE " + definition);
            }
            run(connection, "DROP SCHEMA IF EXISTS x_billing CASCADE");
            run(connection, "CREATE SCHEMA x_billing");
            run(connection, "CREATE TABLE x_billing.invoices (id int)");
        }
    }

    @AfterAll
    static void stop() throws Exception {
        Objects.requireNonNull(proxy).close();
    }

    private static Connection connect(String options) throws SQLException {
        return Cluster.connect(Objects.requireNonNull(proxy), options);
    }

    private static String on(int shard, String sql) throws SQLException {
        try (Connection direct = Cluster.shared().direct(shard)) {
            return text(direct, sql);
        }
    }

    private static void refused(Connection connection, String sql, String state) throws SQLException {
        assertThatThrownBy(() -> run(connection, sql))
                .isInstanceOf(SQLException.class)
                .satisfies(e -> assertThat(((SQLException) e).getSQLState())
                        .as("%s: %s", sql, e.getMessage())
                        .isEqualTo(state));
        assertThat(text(connection, "SELECT 1")).isEqualTo("1");
    }

    @ParameterizedTest
    @ValueSource(strings = {SIMPLE, EXTENDED})
    void rangesHaveTheirLowerBoundAndNotTheUpper(String mode) throws Exception {
        try (Connection connection = connect(mode)) {
            run(connection, "TRUNCATE x_range");
            run(connection, "TRUNCATE x_range_lines");
            try (PreparedStatement insert =
                    connection.prepareStatement("INSERT INTO x_range (id, note) VALUES (?, 'x'), (?, 'y')")) {
                for (long id : new long[] {-5, 999, 1000, 1999}) {
                    insert.setLong(1, id);
                    insert.setLong(2, 999 - id + 1000);
                    if (id < 0) {
                        assertThatThrownBy(insert::executeUpdate)
                                .satisfies(e -> assertThat(((SQLException) e).getSQLState())
                                        .isEqualTo("23514"));
                        continue;
                    }
                    assertThat(insert.executeUpdate()).isEqualTo(2);
                }
            }
            run(connection, "INSERT INTO x_range (id) VALUES (-5)");
            assertThat(on(1, "SELECT string_agg(id::text, ',' ORDER BY id) FROM x_range"))
                    .isEqualTo("-5,0,999,999");
            assertThat(on(0, "SELECT string_agg(id::text, ',' ORDER BY id) FROM x_range"))
                    .isEqualTo("1000,1000,1999");
            run(connection, "INSERT INTO x_range_lines (range_id, n) VALUES (999, 1), (1000, 2)");
            assertThat(text(
                            connection,
                            "SELECT sum(n) FROM x_range r JOIN x_range_lines l ON l.range_id = r.id WHERE r.id = 1000"))
                    .isEqualTo("4");
            assertThat(text(connection, "SELECT sum(n) FROM x_range r JOIN x_range_lines l ON l.range_id = r.id"))
                    .isEqualTo("6");
            assertThat(text(connection, "SELECT count(*) FROM x_range WHERE id = 5000"))
                    .isEqualTo("0");
            refused(connection, "INSERT INTO x_range (id) VALUES (2000)", "23514");
            refused(connection, "SELECT count(*) FROM x_range r JOIN x_ring o ON o.id = r.id", "0A000");
        }
    }

    @Test
    void listsAndCountriesGoWhereTheFileSays() throws Exception {
        try (Connection connection = connect(EXTENDED)) {
            run(connection, "TRUNCATE x_list");
            run(connection, "TRUNCATE x_geo");
            run(connection, "INSERT INTO x_list (tenant) VALUES ('anna'), ('b d'), ('carl')");
            refused(connection, "INSERT INTO x_list (tenant) VALUES ('dora')", "23514");
            assertThat(on(0, "SELECT string_agg(tenant, ',' ORDER BY tenant) FROM x_list"))
                    .isEqualTo("anna,b d");
            assertThat(on(1, "SELECT string_agg(tenant, ',' ORDER BY tenant) FROM x_list"))
                    .isEqualTo("carl");
            run(
                    connection,
                    "INSERT INTO x_geo (country) VALUES ('de'), ('CN'), ('JP'), ('US'), ('MA'), ('old'), ('CL')");
            assertThat(on(0, "SELECT string_agg(country, ',' ORDER BY country COLLATE \"C\") FROM x_geo"))
                    .isEqualTo("CN,MA,de,old");
            assertThat(on(1, "SELECT string_agg(country, ',' ORDER BY country COLLATE \"C\") FROM x_geo"))
                    .isEqualTo("CL,JP,US");
            refused(connection, "INSERT INTO x_geo (country) VALUES ('NA')", "23514");
        }
    }

    @Test
    void aDirectoryIsChangedWhileItServesAndKeptOverARestart() throws Exception {
        String tenant = "c0ffee00-0000-4000-8000-000000000001";
        try (Connection connection = connect(EXTENDED)) {
            run(connection, "TRUNCATE x_dir");
            run(connection, "INSERT INTO x_dir (tenant, note) VALUES ('" + tenant + "', 'rest')");
            assertThat(on(0, "SELECT note FROM x_dir")).isEqualTo("rest");
            assertThat(ask("POST", "/directory?table=x_dir&shard=s1&key=" + tenant.toUpperCase(java.util.Locale.ROOT)))
                    .startsWith("ok");
            assertThat(ask("POST", "/directory?table=x_dir&shard=s7&key=" + tenant))
                    .contains("expected: one of");
            assertThat(ask("POST", "/directory?table=x_dir&shard=s1&key=x")).contains("expected: a UUID");
            assertThat(ask("GET", "/directory?table=x_dir")).contains("\"" + tenant + "\":\"s1\"");
            run(connection, "INSERT INTO x_dir (tenant, note) VALUES ('" + tenant + "', 'there')");
            assertThat(on(1, "SELECT note FROM x_dir")).isEqualTo("there");
        }
        Objects.requireNonNull(proxy).close();
        proxy = Cluster.start(folder.resolve("plinth.yaml"));
        try (Connection connection = connect(SIMPLE)) {
            assertThat(text(connection, "SELECT note FROM x_dir WHERE tenant = '" + tenant + "'"))
                    .isEqualTo("there");
            assertThat(explain("SELECT * FROM x_dir WHERE tenant = '" + tenant + "'"))
                    .contains("\"shards\":[\"s1\"]")
                    .contains("by tenant (directory)");
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {SIMPLE, EXTENDED})
    void ringsCompositeKeysAndFurtherTypesFindWhatTheyStored(String mode) throws Exception {
        try (Connection connection = connect(mode)) {
            for (String table : List.of("x_ring", "x_many", "x_time", "x_num", "x_char")) {
                run(connection, "TRUNCATE " + table);
            }
            for (int i = 0; i < 16; i++) {
                run(connection, "INSERT INTO x_ring (id, note) VALUES (" + i + ", 'r" + i + "')");
                run(connection, "INSERT INTO x_many (note, b, a) VALUES ('m" + i + "', 'b" + i % 4 + "', " + i + ")");
                run(connection, "INSERT INTO x_num (n, note) VALUES (" + i + ".50, 'n" + i + "')");
                run(connection, "INSERT INTO x_char (c, note) VALUES ('c" + i + "  ', 'c" + i + "')");
                try (PreparedStatement time =
                        connection.prepareStatement("INSERT INTO x_time (at, note) VALUES (?, ?)")) {
                    time.setObject(1, java.time.OffsetDateTime.parse("2024-01-02T03:04:05." + (20 + i) + "+02:00"));
                    time.setString(2, "t" + i);
                    assertThat(time.executeUpdate()).isEqualTo(1);
                }
            }
            for (int i = 0; i < 16; i++) {
                assertThat(text(connection, "SELECT note FROM x_ring WHERE id = " + i))
                        .isEqualTo("r" + i);
                assertThat(text(connection, "SELECT note FROM x_many WHERE b = 'b" + i % 4 + "' AND a = " + i))
                        .isEqualTo("m" + i);
                assertThat(text(connection, "SELECT note FROM x_num WHERE n = " + i + ".5"))
                        .isEqualTo("n" + i);
                assertThat(text(connection, "SELECT note FROM x_char WHERE c = 'c" + i + "'"))
                        .isEqualTo("c" + i);
                assertThat(text(
                                connection,
                                "SELECT note FROM x_time WHERE at = '2024-01-02T01:04:05." + (20 + i)
                                        + "Z'::timestamptz"))
                        .isEqualTo("t" + i);
                try (PreparedStatement many =
                                connection.prepareStatement("SELECT note FROM x_many WHERE a = ? AND b = ?");
                        PreparedStatement number = connection.prepareStatement("SELECT note FROM x_num WHERE n = ?");
                        PreparedStatement time = connection.prepareStatement("SELECT note FROM x_time WHERE at = ?")) {
                    many.setInt(1, i);
                    many.setString(2, "b" + i % 4);
                    number.setBigDecimal(1, new java.math.BigDecimal(i + ".500"));
                    time.setObject(1, java.time.OffsetDateTime.parse("2024-01-02T03:04:05." + (20 + i) + "+02:00"));
                    assertThat(only(many)).isEqualTo("m" + i);
                    assertThat(only(number)).isEqualTo("n" + i);
                    assertThat(only(time)).isEqualTo("t" + i);
                }
            }
            assertThat(text(connection, "SELECT count(*) FROM x_many WHERE a IN (1, 2, 3) AND b IN ('b1', 'b2')"))
                    .isEqualTo("2");
            assertThat(text(connection, "SELECT count(*) FROM x_many WHERE a = 5"))
                    .isEqualTo("1");
            for (String table : List.of("x_ring", "x_many", "x_time", "x_num", "x_char")) {
                assertThat(on(0, "SELECT count(*) FROM " + table)).as(table).isNotIn("0", "16");
            }
        }
    }

    private static String only(PreparedStatement statement) throws SQLException {
        try (ResultSet rows = statement.executeQuery()) {
            return rows.next() ? rows.getString(1) : "none";
        }
    }

    @Test
    void aKeyThatItsColumnWouldRoundIsRefused() throws Exception {
        try (Connection connection = connect(SIMPLE)) {
            refused(connection, "CREATE TABLE x_num (n numeric(10, 2))", "0A000");
            refused(connection, "CREATE TABLE x_time (at timestamptz(3))", "0A000");
            assertThat(text(connection, "SELECT count(*) FROM x_time WHERE at < '" + new Timestamp(0) + "'"))
                    .isNotEmpty();
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {SIMPLE, EXTENDED})
    void referenceTablesAreOnEveryShardAndJoinEveryTable(String mode) throws Exception {
        try (Connection connection = connect(mode)) {
            run(connection, "TRUNCATE x_ref");
            run(connection, "TRUNCATE x_ring");
            try (PreparedStatement insert = connection.prepareStatement(
                    "INSERT INTO x_ref (id, title) VALUES (?, ?), (2, lower('TWO')) RETURNING id, title")) {
                insert.setInt(1, 1);
                insert.setString(2, "one");
                try (ResultSet rows = insert.executeQuery()) {
                    assertThat(rows.next()).isTrue();
                    assertThat(rows.getString(2)).isEqualTo("one");
                    assertThat(rows.next()).isTrue();
                    assertThat(rows.getString(2)).isEqualTo("two");
                    assertThat(rows.next()).isFalse();
                }
            }
            for (int shard = 0; shard < 2; shard++) {
                assertThat(on(shard, "SELECT string_agg(title, ',' ORDER BY id) FROM x_ref"))
                        .isEqualTo("one,two");
            }
            for (int i = 0; i < 10; i++) {
                run(connection, "INSERT INTO x_ring (id, note) VALUES (" + i + ", 'x')");
            }
            assertThat(text(connection, "SELECT title FROM x_ref WHERE id = 2")).isEqualTo("two");
            assertThat(text(
                            connection,
                            "SELECT count(*) FROM x_ring r JOIN x_ref f ON f.id = r.id % 3 WHERE f.title = 'one'"))
                    .isEqualTo("3");
            assertThat(text(
                            connection,
                            "SELECT r.id, f.title FROM x_ring r LEFT JOIN x_ref f ON f.id = r.id WHERE r.id = 2"))
                    .isEqualTo("2");
            assertThat(text(connection, "SELECT count(*) FROM x_ring r LEFT JOIN x_ref f ON f.id = r.id"))
                    .isEqualTo("10");
            refused(connection, "SELECT count(*) FROM x_ref f LEFT JOIN x_ring r ON f.id = r.id", "0A000");
            refused(connection, "INSERT INTO x_ref (id, title) VALUES (3, now()::text)", "0A000");
            refused(connection, "UPDATE x_ref SET title = x_ring.note FROM x_ring WHERE x_ring.id = 1", "0A000");
            // What fails on one shard is on none.
            refused(connection, "INSERT INTO x_ref (id, title) VALUES (4, 'four'), (1, 'again')", "23505");
            assertThat(on(0, "SELECT count(*) FROM x_ref")).isEqualTo("2");
            try (PreparedStatement update = connection.prepareStatement("UPDATE x_ref SET title = ? WHERE id > ?")) {
                update.setString(1, "many");
                update.setInt(2, 0);
                assertThat(update.executeUpdate()).isEqualTo(2);
            }
            assertThat(on(1, "SELECT count(*) FROM x_ref WHERE title = 'many'")).isEqualTo("2");
            assertThat(explain("DELETE FROM x_ref WHERE id = 1")).contains("every shard makes the change");
        }
    }

    @Test
    void columnsThatCountGiveNoNumberTwice() throws Exception {
        for (String mode : List.of(SIMPLE, EXTENDED)) {
            try (Connection connection = connect(mode)) {
                run(connection, "DROP TABLE x_ring");
                run(
                        connection,
                        "CREATE TABLE public.x_ring (id bigint, note text, serial bigserial, n bigint GENERATED BY"
                                + " DEFAULT AS IDENTITY)");
                for (int i = 0; i < 20; i++) {
                    run(connection, "INSERT INTO x_ring (id, note) VALUES (" + i + ", 'a'), (" + (i + 20) + ", 'b')");
                }
                assertThat(text(connection, "SELECT count(*) FROM x_ring")).isEqualTo("40");
                assertThat(rows(connection, "SELECT DISTINCT serial FROM x_ring"))
                        .isEqualTo(40);
                assertThat(rows(connection, "SELECT DISTINCT n FROM x_ring")).isEqualTo(40);
                refused(connection, "ALTER TABLE x_ring ADD COLUMN m bigserial", "0A000");
                refused(connection, "CREATE TABLE x_ref (id bigserial)", "0A000");
            }
        }
    }

    private static int rows(Connection connection, String sql) throws SQLException {
        int count = 0;
        try (PreparedStatement statement = connection.prepareStatement(sql);
                ResultSet rows = statement.executeQuery()) {
            while (rows.next()) {
                count++;
            }
        }
        return count;
    }

    @Test
    void wholeTablesAndSchemasAreOnTheirShard() throws Exception {
        try (Connection connection = connect(EXTENDED)) {
            run(connection, "TRUNCATE x_whole");
            run(connection, "INSERT INTO x_whole (id, note) SELECT i, 'w' FROM generate_series(1, 5) i");
            assertThat(text(connection, "SELECT count(*) FROM (SELECT * FROM x_whole WHERE id > 2) w"))
                    .isEqualTo("3");
            assertThat(on(1, "SELECT count(*) FROM x_whole")).isEqualTo("5");
            run(connection, "INSERT INTO x_billing.invoices VALUES (7)");
            assertThat(on(1, "SELECT id FROM x_billing.invoices")).isEqualTo("7");
            assertThat(text(
                            connection,
                            "SELECT count(*) FROM x_billing.invoices i, x_whole w, x_ref WHERE i.id > w.id"))
                    .isNotEmpty();
            refused(connection, "SELECT * FROM x_whole, products", "0A000");
            refused(connection, "SELECT * FROM x_whole w JOIN x_ring r ON r.id = w.id WHERE r.id = 1", "0A000");
            assertThat(explain("SELECT * FROM x_whole")).contains("the whole of x_whole is there");
        }
    }

    private static String explain(String sql) throws Exception {
        return ask("GET", "/explain?sql=" + URLEncoder.encode(sql, StandardCharsets.UTF_8));
    }

    private static String ask(String method, String path) throws Exception {
        InetSocketAddress admin = Objects.requireNonNull(proxy).admin();
        HttpRequest request = HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + admin.getPort() + path))
                .method(method, HttpRequest.BodyPublishers.noBody())
                .build();
        try (HttpClient client = HttpClient.newHttpClient()) {
            return client.send(request, HttpResponse.BodyHandlers.ofString()).body();
        }
    }
}
