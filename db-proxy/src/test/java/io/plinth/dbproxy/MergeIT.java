package io.plinth.dbproxy;

import static io.plinth.dbproxy.Cluster.await;
import static io.plinth.dbproxy.Cluster.run;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.plinth.dbproxy.database.Gate;
import io.plinth.kit.lifecycle.RunningNode;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Queries over both shards tell the same as one server that has all the rows, {@code whole}. */
@Timeout(90)
class MergeIT {
    private static final String[] MODES = {"?preferQueryMode=simple", "?prepareThreshold=0", "?prepareThreshold=-1"};
    private static @Nullable RunningNode proxy;

    @BeforeAll
    static void start(@TempDir Path state) throws Exception {
        proxy = Cluster.shared().proxy(state, "pool: { size: 6 }");
        try (Connection connection = connect("")) {
            for (String table : new String[] {"orders", "order_lines", "whole"}) {
                run(connection, "DROP TABLE IF EXISTS " + table);
            }
            String columns = " (user_id bigint NOT NULL, n int, amount numeric(10,2), note text COLLATE \"C\","
                    + " at timestamptz, day date, real float8)";
            run(connection, "CREATE TABLE orders" + columns);
            run(connection, "CREATE TABLE whole" + columns);
            run(connection, "CREATE TABLE order_lines (user_id bigint NOT NULL, product text)");
            for (int i = 0; i < 60; i++) {
                String values = " VALUES (" + i + ", " + (i % 7 == 0 ? "NULL" : "" + i % 5) + ", "
                        + (i % 11 == 0 ? "NULL" : i * 37 % 100 + ".5") + ", 'n" + (i * 13 % 9)
                        + "', '2024-01-01 00:00:00+00'::timestamptz + interval '" + (i * 7919 % 10007)
                        + " minutes', date '2024-01-01' + " + (i * 31 % 17) + ", " + (i * 17 % 23) + ".25)";
                run(connection, "INSERT INTO orders (user_id, n, amount, note, at, day, real)" + values);
                run(connection, "INSERT INTO whole" + values);
                run(connection, "INSERT INTO order_lines (user_id, product) VALUES (" + i + ", 'p" + i % 3 + "')");
            }
        }
    }

    @AfterAll
    static void stop() throws Exception {
        Objects.requireNonNull(proxy).close();
    }

    private static Connection connect(String options) throws SQLException {
        return Cluster.connect(Objects.requireNonNull(proxy), options);
    }

    private static List<String> rows(Connection connection, String sql) throws SQLException {
        List<String> rows = new ArrayList<>();
        try (PreparedStatement statement = connection.prepareStatement(sql);
                ResultSet result = statement.executeQuery()) {
            int columns = result.getMetaData().getColumnCount();
            while (result.next()) {
                StringBuilder row = new StringBuilder();
                for (int i = 1; i <= columns; i++) {
                    row.append(result.getString(i)).append('|');
                }
                rows.add(row.toString());
            }
        }
        return rows;
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "SELECT user_id, n, note FROM orders ORDER BY user_id",
                "SELECT * FROM orders ORDER BY amount DESC NULLS LAST, user_id",
                "SELECT note FROM orders ORDER BY n NULLS FIRST, user_id DESC LIMIT 17 OFFSET 5",
                "SELECT user_id AS id FROM orders WHERE n > 1 ORDER BY id DESC LIMIT 3",
                "SELECT user_id, at FROM orders ORDER BY at, 1",
                "SELECT user_id, day, real FROM orders ORDER BY day DESC, real, user_id",
                "SELECT user_id FROM orders ORDER BY note COLLATE \"C\" DESC, user_id",
                "SELECT count(*), count(n), sum(n), min(n), max(amount), avg(n), avg(amount), sum(amount) FROM orders",
                "SELECT count(*), sum(n), avg(n) FROM orders WHERE user_id < 0",
                "SELECT sum(user_id), avg(user_id) FROM orders",
                "SELECT n, count(*), avg(amount) AS mean, max(at) FROM orders GROUP BY n ORDER BY n",
                "SELECT n, count(*) AS c FROM orders GROUP BY 1 ORDER BY c DESC, n NULLS FIRST LIMIT 2 OFFSET 1",
                "SELECT n, sum(amount) FILTER (WHERE user_id > 10) FROM orders GROUP BY n ORDER BY 1 DESC",
                "SELECT DISTINCT n, day FROM orders ORDER BY day, n",
                "SELECT DISTINCT amount FROM orders ORDER BY 1 LIMIT 4",
                "SELECT user_id, count(*) FROM orders GROUP BY user_id HAVING count(*) > 0 ORDER BY user_id",
                "SELECT count(*) FROM orders o JOIN order_lines l ON o.user_id = l.user_id WHERE l.product = 'p1'",
                "SELECT l.product, sum(o.n) FROM orders o LEFT JOIN order_lines l ON l.user_id = o.user_id"
                        + " GROUP BY l.product ORDER BY 1 DESC",
                "SELECT user_id FROM orders ORDER BY user_id LIMIT 0",
                "SELECT n, count(*) FROM orders GROUP BY n HAVING count(*) > 8 AND sum(amount) >= 100.5 ORDER BY 1",
                "SELECT n, sum(amount) FROM orders GROUP BY n ORDER BY count(*) DESC, avg(user_id), n",
                "SELECT count(*) FROM orders GROUP BY n ORDER BY 1, max(user_id)",
                "SELECT n FROM orders GROUP BY n, day HAVING avg(amount) < 40 AND n <> -1 ORDER BY n, min(user_id)",
                "SELECT user_id, n FROM orders ORDER BY user_id OFFSET 3 ROWS FETCH FIRST 5 ROWS ONLY",
                "SELECT user_id FROM orders WHERE user_id IN (3, 17, 41, 8) ORDER BY user_id DESC",
                "SELECT date_trunc('day', at) AS whole_day, count(*) c FROM orders GROUP BY whole_day ORDER BY"
                        + " whole_day DESC",
                "SELECT extract(dow FROM at) AS dow, n, avg(amount) FROM orders WHERE n > 0 GROUP BY dow, n ORDER BY"
                        + " 1, 2",
                // A table's column comes before the answer's.
                "SELECT n % 2 AS n, count(*) FROM orders GROUP BY n ORDER BY 2, 1",
                "SELECT max(amount) AS n, count(*) FROM orders GROUP BY n ORDER BY 1, 2",
                "SELECT *, n * 2 AS twice FROM orders ORDER BY twice, user_id",
                "SELECT sum(n) FROM orders WHERE user_id = ANY ('{1,2,3,4,5,6,7,8,9}') HAVING sum(n) > 1",
            })
    void theAnswerIsThatOfOneServer(String sql) throws Exception {
        try (Connection direct = Cluster.shared().direct(0)) {
            // The lines' two halves together, for the joins.
            List<String> expected = rows(
                    direct,
                    sql.replace("FROM orders", "FROM whole")
                            .replaceAll(
                                    "JOIN order_lines",
                                    "JOIN (SELECT i AS user_id, 'p' || i % 3 AS product FROM generate_series(0, 59)"
                                            + " i)"));
            for (String mode : MODES) {
                try (Connection connection = connect(mode)) {
                    for (int i = 0; i < 2; i++) {
                        assertThat(rows(connection, sql)).as(mode).isEqualTo(expected);
                    }
                }
            }
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "SELECT row_number() OVER (ORDER BY n) FROM orders",
                "SELECT count(DISTINCT n) FROM orders",
                "SELECT sum(real) FROM orders",
                "SELECT n FROM orders FOR UPDATE",
                "SELECT sum(n) / 2 FROM orders",
                "SELECT n, count(*) FROM orders GROUP BY n HAVING count(*) > n",
                "SELECT * FROM orders o JOIN order_lines l ON o.n = 1",
                "SELECT string_agg(note, ',') FROM orders",
                "SELECT n FROM orders UNION SELECT 1",
                "SELECT * FROM orders WHERE user_id IN (SELECT 1)",
                "SELECT DISTINCT ON (n) n FROM orders",
                "SELECT n + 1 AS day, count(*) FROM orders GROUP BY day",
            })
    void whatCannotBeMergedRightlyIsRefused(String sql) throws Exception {
        try (Connection connection = connect("")) {
            assertThatThrownBy(() -> rows(connection, sql))
                    .isInstanceOf(SQLException.class)
                    .satisfies(e -> assertThat(((SQLException) e).getSQLState()).isEqualTo("0A000"));
            assertThat(rows(connection, "SELECT 1")).containsExactly("1|");
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"?preferQueryMode=simple", "?prepareThreshold=-1"})
    void aTransactionSeesItsOwnRowsAmongThoseOfAllShards(String mode) throws Exception {
        try (Connection connection = connect(mode)) {
            connection.setAutoCommit(false);
            assertThat(rows(connection, "SELECT count(*) FROM orders")).containsExactly("60|");
            run(connection, "INSERT INTO orders (user_id, note) VALUES (1000, 'own')");
            assertThat(rows(connection, "SELECT count(*) FROM orders")).containsExactly("61|");
            assertThat(rows(connection, "SELECT user_id FROM orders ORDER BY user_id DESC LIMIT 1"))
                    .containsExactly("1000|");
            assertThat(rows(connection, "SELECT note FROM orders WHERE user_id = 1000"))
                    .containsExactly("own|");
            connection.rollback();
            assertThat(rows(connection, "SELECT count(*) FROM orders")).containsExactly("60|");
            run(connection, "INSERT INTO orders (user_id, note) VALUES (1000, 'own')");
            assertThatThrownBy(() -> rows(connection, "SELECT 1 / (user_id - 7) FROM orders ORDER BY user_id"))
                    .hasMessageContaining("division by zero");
            assertThatThrownBy(() -> rows(connection, "SELECT 1"))
                    .satisfies(e -> assertThat(((SQLException) e).getSQLState()).isEqualTo("25P02"));
            connection.rollback();
            connection.setTransactionIsolation(Connection.TRANSACTION_REPEATABLE_READ);
            assertThatThrownBy(() -> rows(connection, "SELECT count(*) FROM orders"))
                    .satisfies(e -> assertThat(((SQLException) e).getSQLState()).isEqualTo("0A000"));
            connection.rollback();
            connection.setTransactionIsolation(Connection.TRANSACTION_READ_COMMITTED);
            connection.setAutoCommit(true);
            assertThat(rows(connection, "SELECT count(*) FROM orders")).containsExactly("60|");
        }
    }

    @Test
    void parametersSayHowManyRowsAndWhichGroups() throws Exception {
        for (String mode : MODES) {
            try (Connection connection = connect(mode);
                    PreparedStatement some = connection.prepareStatement(
                            "SELECT user_id FROM orders ORDER BY user_id LIMIT ? OFFSET ?");
                    PreparedStatement groups = connection.prepareStatement(
                            "SELECT n, count(*) FROM orders WHERE user_id < ? GROUP BY n HAVING count(*) > ?"
                                    + " ORDER BY n LIMIT ?");
                    PreparedStatement any = connection.prepareStatement(
                            "SELECT user_id FROM orders WHERE user_id = ANY (?) ORDER BY 1 DESC");
                    PreparedStatement in = connection.prepareStatement(
                            "SELECT sum(user_id) FROM orders WHERE user_id IN (?, ?, ?, ?)")) {
                for (int i = 1; i < 4; i++) {
                    some.setInt(1, i);
                    some.setLong(2, 10L * i);
                    assertThat(only(some)).isEqualTo(10L * i).isEqualTo(last(some) - i + 1);
                }
                groups.setInt(1, 60);
                groups.setInt(2, 9);
                groups.setInt(3, 2);
                assertThat(only(groups)).isEqualTo(0);
                any.setArray(1, connection.createArrayOf("bigint", new Object[] {3L, 59L, 17L, 4000L}));
                assertThat(only(any)).isEqualTo(59);
                assertThat(last(any)).isEqualTo(3);
                for (int i = 1; i <= 4; i++) {
                    in.setLong(i, 10L * i);
                }
                assertThat(only(in)).isEqualTo(100);
            }
        }
    }

    private static long only(PreparedStatement statement) throws SQLException {
        try (ResultSet rows = statement.executeQuery()) {
            assertThat(rows.next()).isTrue();
            return rows.getLong(1);
        }
    }

    private static long last(PreparedStatement statement) throws SQLException {
        try (ResultSet rows = statement.executeQuery()) {
            long last = -1;
            while (rows.next()) {
                last = rows.getLong(1);
            }
            return last;
        }
    }

    @Test
    void aPauseHoldsUpQueriesOverSeveralShardsToo() throws Exception {
        DbProxy daemon = (DbProxy) Objects.requireNonNull(proxy).daemon();
        Gate gate = daemon.databases().iterator().next().gate();
        try (Connection connection = connect("")) {
            gate.pause();
            CompletableFuture<List<String>> counted = new CompletableFuture<>();
            Thread.ofVirtual().start(() -> {
                try {
                    counted.complete(rows(connection, "SELECT count(*) FROM orders"));
                } catch (SQLException e) {
                    counted.completeExceptionally(e);
                }
            });
            await("a query that waits", () -> gate.waiting() == 1);
            assertThat(counted).isNotDone();
            gate.resume();
            assertThat(counted.get(20, TimeUnit.SECONDS)).containsExactly("60|");
        } finally {
            gate.resume();
        }
    }

    @Test
    void anErrorOfOneShardIsToldOnceAndTheNextQueryIsAnswered() throws Exception {
        try (Connection connection = connect("")) {
            for (int i = 0; i < 5; i++) {
                assertThatThrownBy(() -> rows(connection, "SELECT 1 / (user_id - 7) FROM orders ORDER BY user_id"))
                        .hasMessageContaining("division by zero");
                assertThat(rows(connection, "SELECT count(*) FROM orders")).containsExactly("60|");
            }
        }
    }
}
