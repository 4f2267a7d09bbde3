package io.plinth.dbproxy;

import static io.plinth.dbproxy.Cluster.await;
import static io.plinth.dbproxy.Cluster.run;
import static io.plinth.dbproxy.Cluster.text;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.plinth.kit.lifecycle.RunningNode;
import java.net.URI;
import java.net.URLEncoder;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.Objects;
import java.util.UUID;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Sharded tables through pgjdbc: rows, transactions, definitions, and what is refused. */
@Timeout(120)
class ShardingIT {
    private static final String EXTENDED = "?prepareThreshold=1";
    private static final String SIMPLE = "?preferQueryMode=simple";
    private static @Nullable RunningNode proxy;

    @BeforeAll
    static void start(@TempDir Path state) throws Exception {
        proxy = Cluster.shared().proxy(state, "pool: { size: 6 }\nread-your-writes: database");
        try (Connection connection = connect("")) {
            for (String table : new String[] {"orders", "order_lines", "sessions", "carts", "products", "counters"}) {
                run(connection, "DROP TABLE IF EXISTS " + table);
            }
            run(connection, "CREATE TABLE orders (id bigint, user_id bigint NOT NULL, total int, note text)");
            run(connection, "CREATE TABLE order_lines (user_id bigint NOT NULL, order_id bigint, product text)");
            run(connection, "CREATE TABLE sessions (name text PRIMARY KEY, data text)");
            run(connection, "CREATE TABLE carts (id uuid PRIMARY KEY, data text)");
            run(connection, "CREATE TABLE products (id int PRIMARY KEY, name text)");
            run(connection, "CREATE TABLE counters (id int PRIMARY KEY, value int)");
            run(connection, "INSERT INTO products SELECT i, 'product ' || i FROM generate_series(1, 100) i");
        }
    }

    @AfterAll
    static void stop() throws Exception {
        Objects.requireNonNull(proxy).close();
    }

    private static Connection connect(String options) throws SQLException {
        return Cluster.connect(Objects.requireNonNull(proxy), options);
    }

    @ParameterizedTest
    @ValueSource(strings = {EXTENDED, SIMPLE})
    void rowsOfAShardedTableLieWherePostgresHashesThem(String mode) throws Exception {
        try (Connection connection = connect(mode)) {
            run(connection, "TRUNCATE orders");
            try (PreparedStatement insert =
                    connection.prepareStatement("INSERT INTO orders (id, user_id, total) VALUES (?, ?, ?)")) {
                for (int user = 1; user <= 40; user++) {
                    insert.setLong(1, user);
                    insert.setLong(2, user);
                    insert.setInt(3, 10 * user);
                    insert.executeUpdate();
                }
            }
            try (PreparedStatement select =
                    connection.prepareStatement("SELECT sum(total) FROM orders o WHERE o.user_id = ? AND total > 0")) {
                for (int user = 1; user <= 40; user++) {
                    select.setLong(1, user);
                    try (ResultSet rows = select.executeQuery()) {
                        assertThat(rows.next()).isTrue();
                        assertThat(rows.getInt(1)).isEqualTo(10 * user);
                    }
                }
            }
        }
        int misplaced = 0;
        int total = 0;
        for (int shard = 0; shard < 2; shard++) {
            try (Connection direct = Cluster.shared().direct(shard)) {
                run(direct, "CREATE TEMP TABLE h (k bigint) PARTITION BY HASH (k)");
                // Buckets 0-511 are s0's, 512-1023 s1's; bucket b is remainder b of modulus 1024.
                misplaced += Integer.parseInt(text(
                        direct,
                        "SELECT count(*) FROM orders WHERE NOT EXISTS (SELECT FROM generate_series(" + 512 * shard
                                + ", "
                                + (512 * shard + 511)
                                + ") b WHERE satisfies_hash_partition('h'::regclass, 1024, b, user_id))"));
                int rows = Integer.parseInt(text(direct, "SELECT count(*) FROM orders"));
                assertThat(rows).isPositive();
                total += rows;
            }
        }
        assertThat(misplaced).isZero();
        assertThat(total).isEqualTo(40);
    }

    @Test
    void textAndUuidKeysRouteAlikeFromLiteralsAndParameters() throws Exception {
        try (Connection connection = connect(EXTENDED)) {
            for (int i = 0; i < 20; i++) {
                UUID id = UUID.nameUUIDFromBytes(new byte[] {(byte) i});
                try (PreparedStatement cart =
                                connection.prepareStatement("INSERT INTO carts (id, data) VALUES (?, 'x')");
                        PreparedStatement session =
                                connection.prepareStatement("INSERT INTO sessions (name, data) VALUES (?, 'y')")) {
                    cart.setObject(1, id);
                    cart.executeUpdate();
                    session.setString(1, "größe-" + i);
                    session.executeUpdate();
                }
                assertThat(text(connection, "SELECT data FROM carts WHERE id = '" + id + "'"))
                        .isEqualTo("x");
                assertThat(text(connection, "SELECT data FROM carts WHERE '{" + id + "}'::uuid = id"))
                        .isEqualTo("x");
                assertThat(text(connection, "SELECT data FROM sessions WHERE name = 'größe-" + i + "'"))
                        .isEqualTo("y");
            }
        }
    }

    @Test
    void aTransactionRollsBackAndCommitsOnItsShard() throws Exception {
        try (Connection connection = connect(EXTENDED)) {
            run(connection, "DELETE FROM orders WHERE user_id = 7");
            connection.setAutoCommit(false);
            run(connection, "INSERT INTO orders (id, user_id, total) VALUES (1, 7, 5)");
            run(connection, "INSERT INTO order_lines (order_id, user_id, product) VALUES (1, 7, 'tea')");
            connection.rollback();
            assertThat(text(connection, "SELECT count(*) FROM orders WHERE user_id = 7"))
                    .isEqualTo("0");
            run(connection, "INSERT INTO orders (id, user_id, total) VALUES (1, 7, 5)");
            run(connection, "INSERT INTO order_lines (order_id, user_id, product) VALUES (1, 7, 'tea')");
            connection.commit();
            connection.setAutoCommit(true);
            assertThat(text(
                            connection,
                            "SELECT l.product FROM orders o JOIN order_lines l ON l.user_id = o.user_id AND l.order_id"
                                    + " = o.id WHERE o.user_id = 7 AND o.id = 1"))
                    .isEqualTo("tea");
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "SELECT * FROM products p JOIN orders o ON true WHERE o.user_id = 5",
                "SELECT * FROM orders WHERE user_id = 5 AND id IN (SELECT id FROM products)",
                "WITH o AS (SELECT * FROM orders WHERE user_id = 5) SELECT * FROM o",
                "INSERT INTO orders VALUES (1, 2, 3)",
                "INSERT INTO orders (id, user_id) SELECT id, id FROM products",
                "UPDATE orders SET user_id = 6 WHERE user_id = 5",
                "DELETE FROM orders WHERE total = 1",
                "UPDATE orders SET total = 1",
                "DO $$ BEGIN DELETE FROM orders; END $$",
                "CREATE VIEW v AS SELECT * FROM orders",
                "LOCK TABLE orders",
            })
    void whatCannotBeRoutedCorrectlyIsRefused(String sql) throws Exception {
        for (String mode : new String[] {EXTENDED, SIMPLE}) {
            try (Connection connection = connect(mode)) {
                assertThatThrownBy(() -> run(connection, sql))
                        .isInstanceOf(SQLException.class)
                        .satisfies(e -> assertThat(((SQLException) e).getSQLState())
                                .as(e.getMessage())
                                .isEqualTo("0A000"));
                assertThat(text(connection, "SELECT 1")).isEqualTo("1");
            }
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {EXTENDED, SIMPLE})
    void rowsOfOneInsertGoEachToItsShardOrNone(String mode) throws Exception {
        StringBuilder sql = new StringBuilder("INSERT INTO orders (id, user_id, note) VALUES ");
        for (int user = 101; user <= 140; user++) {
            sql.append(user == 101 ? "" : ", ").append("(1, ").append(user).append(", 'vacuum, (a)')");
        }
        try (Connection connection = connect(mode);
                Statement statement = connection.createStatement()) {
            run(connection, "TRUNCATE orders");
            assertThat(statement.executeUpdate(sql.toString())).isEqualTo(40);
            assertThat(text(connection, "SELECT count(*) FROM orders")).isEqualTo("40");
            for (int user = 101; user <= 140; user++) {
                assertThat(text(connection, "SELECT note FROM orders WHERE user_id = " + user))
                        .isEqualTo("vacuum, (a)");
            }
            // The last row's total is out of range, on whichever shard.
            assertThatThrownBy(() -> run(
                            connection,
                            sql.toString().replace("note", "total").replace("'vacuum, (a)'", "2")
                                    + ", (1, 141, 3000000000)"))
                    .hasMessageContaining("no shard was changed");
            assertThat(text(connection, "SELECT count(*) FROM orders")).isEqualTo("40");
            connection.setAutoCommit(false);
            assertThatThrownBy(() -> run(connection, sql.toString())).hasMessageContaining("the statement needs shard");
            connection.rollback();
        }
        assertThat(explain(sql.toString())).contains("\"shards\":[\"s0\",\"s1\"]");
    }

    @Test
    void aTransactionThatReachesForASecondShardFailsAndIsRolledBack() throws Exception {
        try (Connection connection = connect(EXTENDED)) {
            run(connection, "TRUNCATE orders");
            connection.setAutoCommit(false);
            assertThatThrownBy(() -> {
                        for (int user = 1; user <= 20; user++) {
                            run(connection, "INSERT INTO orders (id, user_id) VALUES (1, " + user + ")");
                        }
                    })
                    .hasMessageContaining("this transaction is on shard");
            assertThatThrownBy(() -> run(connection, "INSERT INTO orders (id, user_id) VALUES (1, 1)"))
                    .hasMessageContaining("current transaction is aborted");
            connection.rollback();
            connection.setAutoCommit(true);
            for (int user = 1; user <= 20; user++) {
                assertThat(text(connection, "SELECT count(*) FROM orders WHERE user_id = " + user))
                        .isEqualTo("0");
            }
        }
    }

    @Test
    void viewsAndKeyTypesMadeBehindItsBackAreFoundWhenItStarts(@TempDir Path state) throws Exception {
        try (Connection direct = Cluster.shared().direct(0)) {
            run(direct, "CREATE VIEW all_orders AS SELECT * FROM orders");
            run(direct, "CREATE VIEW all_of_all AS SELECT * FROM all_orders");
            run(direct, "CREATE TABLE old_orders () INHERITS (orders)");
            run(direct, "DROP TABLE sessions");
            run(direct, "CREATE TABLE sessions (name uuid)");
        }
        try (RunningNode other = Cluster.shared().proxy(state, "");
                Connection connection = Cluster.connect(other, "")) {
            await("the audit", () -> {
                try {
                    text(connection, "SELECT count(*) FROM all_orders");
                    return false;
                } catch (SQLException e) {
                    return String.valueOf(e.getMessage()).contains("view all_orders reads sharded table orders");
                }
            });
            assertThatThrownBy(() -> text(connection, "SELECT count(*) FROM all_of_all"))
                    .hasMessageContaining("view all_of_all reads sharded table orders");
            assertThatThrownBy(() -> text(connection, "SELECT count(*) FROM old_orders"))
                    .hasMessageContaining("table old_orders shares rows with sharded table orders");
            assertThatThrownBy(() -> text(connection, "SELECT 1 FROM sessions WHERE name = 'x'"))
                    .hasMessageContaining("sessions.name is uuid in the database (expected: text");
        } finally {
            try (Connection direct = Cluster.shared().direct(0)) {
                run(direct, "DROP TABLE old_orders");
                run(direct, "DROP VIEW all_of_all");
                run(direct, "DROP VIEW all_orders");
                run(direct, "DROP TABLE sessions");
                run(direct, "CREATE TABLE sessions (name text PRIMARY KEY, data text)");
            }
        }
    }

    @Test
    void definitionsOfShardedTablesReachEveryShardOrNone() throws Exception {
        try (Connection connection = connect("")) {
            run(connection, "CREATE INDEX orders_total ON orders (total)");
            run(connection, "ALTER TABLE orders ADD COLUMN gift boolean DEFAULT false");
            for (int shard = 0; shard < 2; shard++) {
                try (Connection direct = Cluster.shared().direct(shard)) {
                    assertThat(text(direct, "SELECT count(*) FROM pg_indexes WHERE indexname = 'orders_total'"))
                            .isEqualTo("1");
                }
            }
            try (Connection direct = Cluster.shared().direct(1)) {
                run(direct, "ALTER TABLE orders ADD COLUMN only_here int");
            }
            assertThatThrownBy(() -> run(connection, "ALTER TABLE orders ADD COLUMN only_here int"))
                    .hasMessageContaining("on shard s1")
                    .hasMessageContaining("no shard was changed");
            try (Connection direct = Cluster.shared().direct(0)) {
                assertThat(text(
                                direct,
                                "SELECT count(*) FROM information_schema.columns WHERE table_name = 'orders' AND"
                                        + " column_name = 'only_here'"))
                        .isEqualTo("0");
            }
            assertThatThrownBy(() -> run(connection, "CREATE TABLE orders (user_id text)"))
                    .hasMessageContaining("expected: bigint");
        }
    }

    @Test
    void explainTellsWhereStatementsGo() throws Exception {
        assertThat(explain("SELECT * FROM orders WHERE user_id = 5"))
                .contains("\"kind\":\"read\"", "\"tables\":[\"orders\"]", "\"server\":\"replica\"", "by user_id");
        assertThat(explain("UPDATE orders SET note = 'x' WHERE user_id = $1"))
                .contains("\"kind\":\"write\"", "once it is bound", "\"server\":\"primary\"");
        assertThat(explain("CREATE TABLE orders (user_id bigint)")).contains("\"shards\":[\"s0\",\"s1\"]");
        assertThat(explain("SELECT * FROM orders WHERE user_id = 5 FOR UPDATE")).contains("\"server\":\"primary\"");
        assertThat(explain("INSERT INTO orders SELECT 1")).contains("\"refused\":");
    }

    private static String explain(String sql) throws Exception {
        try (HttpClient client = HttpClient.newHttpClient()) {
            URI page = URI.create(
                    "http://127.0.0.1:" + Objects.requireNonNull(proxy).admin().getPort() + "/explain?sql="
                            + URLEncoder.encode(sql, StandardCharsets.UTF_8));
            return client.send(HttpRequest.newBuilder(page).build(), HttpResponse.BodyHandlers.ofString())
                    .body();
        }
    }
}
