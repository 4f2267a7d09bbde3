package io.plinth.dbproxy;

import static io.plinth.dbproxy.Cluster.await;
import static io.plinth.dbproxy.Cluster.run;
import static io.plinth.dbproxy.Cluster.text;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.plinth.kit.lifecycle.RunningNode;
import java.net.SocketTimeoutException;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Transactions over two shards of real PostgreSQL: all or nothing, whatever is refused, lost or killed in between. */
@Timeout(120)
class TwoPhaseIT {
    private static final String KEYS =
            "two-phase: on\ntwo-phase-timeout: 60s\npool: { size: 6 }\nread-your-writes: database";
    private static @Nullable RunningNode proxy;

    @BeforeAll
    static void start(@TempDir Path state) throws Exception {
        proxy = Cluster.shared().proxy(state, KEYS);
        try (Connection connection = connect()) {
            run(connection, "DROP TABLE IF EXISTS orders");
            run(connection, "CREATE TABLE orders (id bigint UNIQUE, user_id bigint NOT NULL, total int)");
        }
    }

    @AfterAll
    static void stop() throws Exception {
        Objects.requireNonNull(proxy).close();
    }

    @BeforeEach
    void empty() throws Exception {
        try (Connection connection = connect()) {
            run(connection, "TRUNCATE orders");
        }
    }

    /** Nothing of it may stay behind: a prepared transaction holds its locks for ever. */
    @AfterEach
    void nothingIsLeftPrepared() throws Exception {
        for (int shard = 0; shard < 2; shard++) {
            try (Connection direct = Cluster.shared().direct(shard)) {
                await("no prepared transaction on shard " + shard, () -> prepared(direct) == 0);
            }
        }
    }

    private static int prepared(Connection direct) throws SQLException {
        return Integer.parseInt(text(direct, "SELECT count(*) FROM pg_prepared_xacts"));
    }

    private static Connection connect() throws SQLException {
        return Cluster.connect(Objects.requireNonNull(proxy), "");
    }

    private static int rows(int shard) throws SQLException {
        try (Connection direct = Cluster.shared().direct(shard)) {
            return Integer.parseInt(text(direct, "SELECT count(*) FROM orders"));
        }
    }

    @Test
    void rowsForSeveralShardsAreAllThereOrNone() throws Exception {
        try (Connection connection = connect()) {
            run(connection, "INSERT INTO orders (id, user_id) VALUES (1, 1), (2, 2), (3, 3), (4, 4), (5, 5), (6, 6)");
            assertThat(rows(0)).isPositive();
            assertThat(rows(1)).isPositive();
            assertThat(rows(0) + rows(1)).isEqualTo(6);
            assertThatThrownBy(() -> run(
                            connection,
                            "INSERT INTO orders (id, user_id) VALUES (11, 11), (12, 12), (13, 13), (14, 14), (15, 15),"
                                    + " (6, 6)"))
                    .isInstanceOf(SQLException.class)
                    .hasMessageContaining("no shard was changed");
            assertThat(rows(0) + rows(1)).isEqualTo(6);
        }
    }

    private static Connection transaction(String options) throws SQLException {
        Connection connection = Cluster.connect(Objects.requireNonNull(proxy), options);
        connection.setAutoCommit(false);
        return connection;
    }

    /** Users 1 to 6 are on both shards. */
    private static void insert(Connection connection, int from, int to) throws SQLException {
        for (int user = from; user <= to; user++) {
            run(connection, "INSERT INTO orders (id, user_id, total) VALUES (" + user + ", " + user + ", 10)");
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"?preferQueryMode=simple", "?prepareThreshold=1"})
    void aTransactionWritesOnSeveralShards(String mode) throws Exception {
        try (Connection connection = transaction(mode);
                Connection other = connect()) {
            insert(connection, 1, 6);
            run(connection, "UPDATE orders SET total = total - 5 WHERE user_id = 1");
            assertThat(text(connection, "SELECT total FROM orders WHERE user_id = 1"))
                    .isEqualTo("5");
            assertThat(text(other, "SELECT count(*) FROM orders")).isEqualTo("0");
            connection.commit();
            assertThat(text(other, "SELECT count(*) FROM orders")).isEqualTo("6");
            insert(connection, 7, 12);
            connection.rollback();
            assertThat(text(other, "SELECT count(*) FROM orders")).isEqualTo("6");
            // Afterwards the session is as any other.
            connection.setAutoCommit(true);
            insert(connection, 20, 20);
            run(connection, "SET application_name = 'after'");
            assertThat(text(connection, "SHOW application_name")).isEqualTo("after");
            assertThat(rows(0)).isPositive();
            assertThat(rows(1)).isPositive();
            assertThat(rows(0) + rows(1)).isEqualTo(7);
        }
    }

    @Test
    void anErrorOnOneShardLeavesNothingOnAny() throws Exception {
        try (Connection connection = transaction("")) {
            insert(connection, 1, 6);
            assertThatThrownBy(() -> insert(connection, 6, 6)).hasMessageContaining("duplicate key");
            assertThatThrownBy(() -> insert(connection, 7, 7)).isInstanceOf(SQLException.class);
            connection.rollback();
            insert(connection, 1, 6);
            assertThatThrownBy(() -> insert(connection, 6, 6)).hasMessageContaining("duplicate key");
            // As on one server: COMMIT of a transaction that has failed rolls it back.
            try {
                connection.commit();
            } catch (SQLException e) {
                assertThat(e.getMessage()).contains("rolled back");
            }
        }
        assertThat(rows(0) + rows(1)).isZero();
    }

    @Test
    void aConstraintThatFailsOnlyAtTheEndLeavesNothingOnAnyShard() throws Exception {
        try (Connection connection = connect()) {
            run(connection, "DROP TABLE IF EXISTS order_lines");
            run(
                    connection,
                    "CREATE TABLE order_lines (user_id bigint NOT NULL, order_id bigint,"
                            + " UNIQUE (order_id) DEFERRABLE INITIALLY DEFERRED)");
            connection.setAutoCommit(false);
            for (int user = 1; user <= 6; user++) {
                run(connection, "INSERT INTO order_lines (user_id, order_id) VALUES (" + user + ", " + user + ")");
            }
            run(connection, "INSERT INTO order_lines (user_id, order_id) VALUES (6, 6)");
            assertThatThrownBy(connection::commit)
                    .isInstanceOfSatisfying(
                            SQLException.class, e -> assertThat(e.getSQLState()).isEqualTo("23505"))
                    .hasMessageContaining("no shard was changed");
            connection.setAutoCommit(true);
            assertThat(text(connection, "SELECT count(*) FROM order_lines")).isEqualTo("0");
        }
    }

    @Test
    void whatOnlyOneServersSessionKnowsIsRefusedOverSeveralShards() throws Exception {
        try (Connection connection = transaction("")) {
            insert(connection, 1, 6);
            assertThatThrownBy(connection::setSavepoint).hasMessageContaining("on several shards");
            connection.rollback();
            insert(connection, 1, 1);
            connection.setSavepoint();
            assertThatThrownBy(() -> insert(connection, 2, 6)).hasMessageContaining("another shard after a savepoint");
            connection.rollback();
        }
        assertThat(rows(0) + rows(1)).isZero();
    }

    @Test
    void aClientThatLeavesInTheMiddleLeavesNothing() throws Exception {
        Connection connection = transaction("");
        insert(connection, 1, 6);
        connection.close();
        for (int shard = 0; shard < 2; shard++) {
            try (Connection direct = Cluster.shared().direct(shard)) {
                await(
                        "no transaction is open on shard " + shard,
                        () -> text(
                                        direct,
                                        "SELECT count(*) FROM pg_stat_activity WHERE state LIKE 'idle in transaction%'")
                                .equals("0"));
            }
        }
        assertThat(rows(0) + rows(1)).isZero();
    }

    /** The transaction's server connection on the shard it has left is gone before it comes back to it. */
    @Test
    void aTransactionWhoseOtherShardIsGoneFailsThere() throws Exception {
        try (Connection connection = Cluster.connect(Objects.requireNonNull(proxy), "?socketTimeout=60");
                Connection direct = Cluster.shared().direct(0)) {
            insert(connection, 1, 6);
            int near = userOfShard(0);
            int far = userOfShard(1);
            connection.setAutoCommit(false);
            run(connection, "UPDATE orders SET total = 77 WHERE user_id = " + near);
            run(connection, "UPDATE orders SET total = 77 WHERE user_id = " + far);
            String open = " FROM pg_stat_activity WHERE state LIKE 'idle in transaction%'";
            assertThat(text(direct, "SELECT pg_terminate_backend(pid)" + open)).isEqualTo("t");
            await("it is gone", () -> text(direct, "SELECT count(*)" + open).equals("0"));
            assertThatThrownBy(() -> run(connection, "UPDATE orders SET total = 78 WHERE user_id = " + near))
                    .isInstanceOfSatisfying(SQLException.class, e -> {
                        assertThat(e.getSQLState()).isIn("08006", "57P01");
                        assertThat(e.getCause() instanceof SocketTimeoutException)
                                .isFalse();
                    });
        }
        try (Connection connection = connect()) {
            assertThat(text(connection, "SELECT sum(total) FROM orders")).isEqualTo("60");
        }
    }

    @Test
    void transactionsThatWaitForEachOtherOnTwoShardsEnd(@TempDir Path state) throws Exception {
        try (RunningNode hasty = Cluster.shared().proxy(state, "two-phase: on\ntwo-phase-timeout: 300ms");
                Connection first = Cluster.connect(hasty, "");
                Connection second = Cluster.connect(hasty, "")) {
            insert(first, 1, 6);
            int far = userOfShard(1);
            int near = userOfShard(0);
            first.setAutoCommit(false);
            second.setAutoCommit(false);
            run(first, "UPDATE orders SET total = 1 WHERE user_id = " + near);
            run(second, "UPDATE orders SET total = 2 WHERE user_id = " + far);
            assertThatThrownBy(() -> run(first, "UPDATE orders SET total = 1 WHERE user_id = " + far))
                    .isInstanceOfSatisfying(
                            SQLException.class, e -> assertThat(e.getSQLState()).isEqualTo("55P03"));
            first.rollback();
            run(second, "UPDATE orders SET total = 2 WHERE user_id = " + near);
            assertThat(text(second, "SELECT total FROM orders WHERE user_id = " + near))
                    .isEqualTo("2");
            // Its commit would have no more time than a lock has here.
            second.rollback();
        }
    }

    private static int userOfShard(int shard) throws SQLException {
        try (Connection direct = Cluster.shared().direct(shard)) {
            return Integer.parseInt(text(direct, "SELECT min(user_id) FROM orders"));
        }
    }
}
