package io.plinth.dbproxy;

import static io.plinth.dbproxy.Cluster.await;
import static io.plinth.dbproxy.Cluster.run;
import static io.plinth.dbproxy.Cluster.text;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.zaxxer.hikari.HikariConfig;
import com.zaxxer.hikari.HikariDataSource;
import io.plinth.kit.lifecycle.RunningNode;
import java.io.StringReader;
import java.io.StringWriter;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.HashSet;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.postgresql.PGConnection;

/** pgjdbc and HikariCP, unchanged, through the proxy in front of two shards of real PostgreSQL. */
@Timeout(120)
class JdbcIT {
    private static final String EXTENDED = "?prepareThreshold=1";

    private static @Nullable RunningNode proxy;

    @BeforeAll
    static void start(@TempDir Path state) throws Exception {
        proxy = Cluster.shared().proxy(state, "pool: { size: 6 }");
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
        // A session is promised its own writes only, and the tests' sessions are others.
        await("the replica to have them", () -> {
            try (Connection replica = DriverManager.getConnection(
                    "jdbc:postgresql://127.0.0.1:" + Cluster.shared().replica(0).port() + "/shop", "shop", "")) {
                return text(replica, "SELECT count(*) FROM products").equals("100");
            } catch (SQLException e) {
                return false;
            }
        });
    }

    @AfterAll
    static void stop() throws Exception {
        Objects.requireNonNull(proxy).close();
    }

    private static PieceClient pieces() throws Exception {
        return new PieceClient(Cluster.port(Objects.requireNonNull(proxy)));
    }

    private static Connection connect(String options) throws SQLException {
        return Cluster.connect(Objects.requireNonNull(proxy), options);
    }

    @Test
    void readsGoToTheReplicaAndWritesToThePrimary() throws Exception {
        try (Connection connection = connect("")) {
            await("a read on a replica", () -> "t".equals(text(connection, "SELECT pg_is_in_recovery()")));
            assertThat(text(connection, "SELECT pg_is_in_recovery() FROM products FOR UPDATE LIMIT 1"))
                    .isEqualTo("f");
            connection.setAutoCommit(false);
            assertThat(text(connection, "SELECT pg_is_in_recovery()")).isEqualTo("f");
            connection.commit();
            connection.setReadOnly(true);
            await("a transaction on a replica", () -> {
                connection.rollback();
                return "t".equals(text(connection, "SELECT pg_is_in_recovery()"));
            });
            assertThatThrownBy(() -> run(connection, "INSERT INTO products VALUES (1000, 'x')"))
                    .hasMessageContaining("read-only");
            connection.rollback();
        }
    }

    @Test
    void aSessionReadsItsOwnWrites() throws Exception {
        try (Connection connection = connect("")) {
            run(connection, "INSERT INTO counters VALUES (1, 0) ON CONFLICT (id) DO UPDATE SET value = 0");
            for (int i = 1; i <= 200; i++) {
                run(connection, "UPDATE counters SET value = " + i + " WHERE id = 1");
                assertThat(text(connection, "SELECT value FROM counters WHERE id = 1"))
                        .isEqualTo("" + i);
            }
            await("a read on a replica", () -> "t".equals(text(connection, "SELECT pg_is_in_recovery()")));
            assertThat(text(connection, "SELECT value FROM counters WHERE id = 1"))
                    .isEqualTo("200");
        }
    }

    @Test
    void settingsFollowTheClientFromServerConnectionToServerConnection() throws Exception {
        try (Connection a = connect("");
                Connection b = connect("?options=-c%20statement_timeout=7s");
                Connection c = connect("?ApplicationName=shopkeeper")) {
            run(a, "SET search_path TO pg_catalog, public");
            run(a, "SET TIME ZONE 'Asia/Tokyo'");
            a.setTransactionIsolation(Connection.TRANSACTION_REPEATABLE_READ);
            for (int i = 0; i < 20; i++) {
                assertThat(text(a, "SHOW search_path")).isEqualTo("pg_catalog, public");
                assertThat(text(b, "SHOW search_path")).isEqualTo("\"$user\", public");
                assertThat(text(b, "SHOW statement_timeout")).isEqualTo("7s");
                assertThat(text(a, "SHOW statement_timeout")).isEqualTo("0");
                assertThat(text(a, "SHOW timezone")).isEqualTo("Asia/Tokyo");
                assertThat(text(c, "SHOW application_name")).isEqualTo("shopkeeper");
                assertThat(text(a, "SHOW default_transaction_isolation")).isEqualTo("repeatable read");
                assertThat(text(c, "SHOW default_transaction_isolation")).isEqualTo("read committed");
            }
            a.setAutoCommit(false);
            run(a, "SET search_path TO public");
            a.rollback();
            a.setAutoCommit(true);
            assertThat(text(a, "SHOW search_path")).isEqualTo("pg_catalog, public");
            run(a, "RESET ALL");
            assertThat(text(a, "SHOW search_path")).isEqualTo("\"$user\", public");
        }
    }

    @Test
    void preparedStatementsSurviveTheirServerConnections() throws Exception {
        try (Connection a = connect(EXTENDED);
                Connection b = connect(EXTENDED);
                PreparedStatement one = a.prepareStatement("SELECT name, pg_backend_pid() FROM products WHERE id = ?");
                PreparedStatement two =
                        b.prepareStatement("SELECT name, pg_backend_pid() FROM products WHERE id = ?")) {
            Set<Integer> backends = new HashSet<>();
            for (int i = 1; i <= 30; i++) {
                for (PreparedStatement statement : new PreparedStatement[] {one, two}) {
                    boolean inTransaction =
                            i % 3 == 0 && statement.getConnection().equals(a);
                    statement.getConnection().setAutoCommit(!inTransaction);
                    statement.setInt(1, i);
                    try (ResultSet rows = statement.executeQuery()) {
                        assertThat(rows.next()).isTrue();
                        assertThat(rows.getString(1)).isEqualTo("product " + i);
                        backends.add(rows.getInt(2));
                    }
                    if (inTransaction) {
                        a.commit();
                    }
                }
            }
            a.setAutoCommit(true);
            assertThat(backends).hasSizeGreaterThan(1);
            assertThatThrownBy(() -> run(a, "SELECT no_such_column FROM products"))
                    .hasMessageContaining("no_such_column");
            assertThat(text(a, "SELECT count(*) FROM products")).isEqualTo("100");
        }
    }

    @Test
    void batchesRunAndFailAsOne() throws Exception {
        try (Connection connection = connect(EXTENDED)) {
            run(connection, "DELETE FROM counters");
            try (PreparedStatement insert = connection.prepareStatement("INSERT INTO counters VALUES (?, ?)")) {
                for (int i = 1; i <= 500; i++) {
                    insert.setInt(1, i);
                    insert.setInt(2, i);
                    insert.addBatch();
                }
                assertThat(insert.executeBatch()).hasSize(500);
                insert.setInt(1, 501);
                insert.setInt(2, 1);
                insert.addBatch();
                insert.setInt(1, 1);
                insert.setInt(2, 1);
                insert.addBatch();
                assertThatThrownBy(insert::executeBatch).hasMessageContaining("duplicate key");
            }
            connection.setAutoCommit(true);
            assertThat(text(connection, "SELECT count(*) FROM counters FOR SHARE".replace(" FOR SHARE", "")))
                    .isEqualTo("500");
        }
    }

    @Test
    void copyStreamsBothWays() throws Exception {
        try (Connection connection = connect("")) {
            run(connection, "DROP TABLE IF EXISTS copied");
            run(connection, "CREATE TABLE copied (id int, line text)");
            StringBuilder lines = new StringBuilder();
            for (int i = 0; i < 20_000; i++) {
                lines.append(i).append("\tline ").append(i).append('\n');
            }
            var copy = connection.unwrap(PGConnection.class).getCopyAPI();
            assertThat(copy.copyIn("COPY copied FROM STDIN", new StringReader(lines.toString())))
                    .isEqualTo(20_000);
            StringWriter back = new StringWriter();
            assertThat(copy.copyOut("COPY (SELECT * FROM copied ORDER BY id) TO STDOUT", back))
                    .isEqualTo(20_000);
            assertThat(back.toString()).isEqualTo(lines.toString());
            assertThatThrownBy(() -> copy.copyIn("COPY copied FROM STDIN", new StringReader("not a number\tx\n")))
                    .hasMessageContaining("invalid input syntax");
            assertThat(text(connection, "SELECT count(*) FROM copied")).isEqualTo("20000");
        }
    }

    @Test
    void cancelReachesTheQueryAndNoOther() throws Exception {
        try (Connection connection = connect("?protocolVersion=3.2");
                Connection other = connect("?protocolVersion=3.2");
                Statement sleeping = connection.createStatement()) {
            CompletableFuture<SQLException> ended = CompletableFuture.supplyAsync(() -> {
                try {
                    sleeping.execute("SELECT pg_sleep(30)");
                    throw new AssertionError("slept to the end");
                } catch (SQLException e) {
                    return e;
                }
            });
            await("the query to run", () -> {
                sleeping.cancel();
                return ended.isDone();
            });
            assertThat(ended.get().getSQLState()).isEqualTo("57014");
            assertThat(text(connection, "SELECT 1")).isEqualTo("1");
            sleeping.cancel();
            for (int i = 0; i < 50; i++) {
                assertThat(text(other, "SELECT 2")).isEqualTo("2");
                assertThat(text(connection, "SELECT 3")).isEqualTo("3");
            }
        }
    }

    @Test
    void whatBelongsToOneServerSessionStaysWithItsClient() throws Exception {
        try (Connection a = connect("");
                Connection b = connect("")) {
            run(a, "CREATE TEMP TABLE mine (x int)");
            run(a, "INSERT INTO mine VALUES (42)");
            run(a, "PREPARE p AS SELECT x FROM mine");
            for (int i = 0; i < 10; i++) {
                assertThat(text(a, "SELECT x FROM mine")).isEqualTo("42");
                assertThat(text(a, "EXECUTE p")).isEqualTo("42");
                assertThatThrownBy(() -> text(b, "SELECT x FROM mine")).hasMessageContaining("does not exist");
            }
            run(a, "LISTEN news");
            run(b, "NOTIFY news, 'hello'");
            await("a notification", () -> {
                var notifications = a.unwrap(PGConnection.class).getNotifications(100);
                return notifications != null
                        && notifications.length == 1
                        && notifications[0].getParameter().equals("hello");
            });
        }
    }

    @Test
    void moreClientsThanServerConnectionsTakeTurns() throws Exception {
        HikariConfig config = new HikariConfig();
        config.setJdbcUrl(Cluster.url(Objects.requireNonNull(proxy), EXTENDED));
        config.setUsername("shop");
        config.setMaximumPoolSize(16);
        try (HikariDataSource source = new HikariDataSource(config)) {
            CompletableFuture<?>[] clients = new CompletableFuture<?>[16];
            for (int c = 0; c < clients.length; c++) {
                int client = c;
                clients[c] = CompletableFuture.runAsync(
                        () -> {
                            for (int i = 1; i <= 40; i++) {
                                check(source, client, i);
                            }
                        },
                        Thread::startVirtualThread);
            }
            CompletableFuture.allOf(clients).get();
        }
    }

    private static void check(HikariDataSource source, int client, int i) {
        try (Connection connection = source.getConnection()) {
            connection.setAutoCommit(i % 2 == 0);
            connection.setReadOnly(i % 3 == 0);
            int id = 1 + (client * 7 + i) % 100;
            try (PreparedStatement select =
                    connection.prepareStatement("SELECT id, name, ?::int AS client FROM products WHERE id = ?")) {
                select.setInt(1, client);
                select.setInt(2, id);
                try (ResultSet rows = select.executeQuery()) {
                    assertThat(rows.next()).isTrue();
                    assertThat(rows.getInt(1)).isEqualTo(id);
                    assertThat(rows.getString(2)).isEqualTo("product " + id);
                    assertThat(rows.getInt(3)).isEqualTo(client);
                }
            }
            if (!connection.getAutoCommit()) {
                connection.commit();
            }
        } catch (SQLException e) {
            throw new IllegalStateException(e);
        }
    }

    @Test
    void cursorsFetchInSteps() throws Exception {
        try (Connection connection = connect(EXTENDED)) {
            connection.setAutoCommit(false);
            try (Statement statement = connection.createStatement()) {
                statement.setFetchSize(7);
                int rows = 0;
                try (ResultSet result = statement.executeQuery("SELECT * FROM products ORDER BY id")) {
                    while (result.next()) {
                        rows++;
                        assertThat(result.getInt(1)).isEqualTo(rows);
                    }
                }
                assertThat(rows).isEqualTo(100);
            }
            connection.commit();
        }
    }

    @Test
    void driversMetadataQueriesWork() throws Exception {
        try (Connection connection = connect("")) {
            try (ResultSet tables = connection.getMetaData().getTables(null, "public", "products", null)) {
                assertThat(tables.next()).isTrue();
            }
            try (ResultSet columns = connection.getMetaData().getColumns(null, "public", "products", null)) {
                assertThat(columns.next()).isTrue();
            }
            assertThat(connection.isValid(5)).isTrue();
        }
    }

    @Test
    void settingsOfACommittedTransactionStayWithTheirClient() throws Exception {
        try (Connection a = connect("?options=-c%20statement_timeout=9s")) {
            a.setAutoCommit(false);
            run(a, "SET lock_timeout TO '7s'");
            a.commit();
            run(a, "RESET ALL");
            a.rollback();
            a.setAutoCommit(true);
            try (Connection b = connect("")) {
                for (int i = 0; i < 20; i++) {
                    assertThat(text(b, "SELECT current_setting('lock_timeout') FOR SHARE"))
                            .isEqualTo("0");
                    assertThat(text(a, "SELECT current_setting('lock_timeout')"))
                            .isEqualTo("7s");
                    assertThat(text(a, "SHOW statement_timeout")).isEqualTo("9s");
                    assertThat(text(b, "SHOW statement_timeout")).isEqualTo("0");
                }
            }
            a.setAutoCommit(false);
            run(a, "RESET ALL");
            run(a, "SET work_mem TO '8MB'");
            a.commit();
            a.setAutoCommit(true);
            assertThat(text(a, "SHOW lock_timeout")).isEqualTo("0");
            assertThat(text(a, "SHOW statement_timeout")).isEqualTo("9s");
            assertThat(text(a, "SHOW work_mem")).isEqualTo("8MB");
        }
    }

    @Test
    void valuesOfASequenceAreNeverAnotherClients() throws Exception {
        try (Connection a = connect("")) {
            run(a, "DROP TABLE IF EXISTS numbered");
            run(a, "CREATE TABLE numbered (id serial, what text)");
            run(a, "INSERT INTO numbered (what) VALUES ('x')");
            for (String sql : new String[] {"SELECT currval('numbered_id_seq')", "SELECT lastval()"}) {
                assertThatThrownBy(() -> text(a, sql))
                        .hasMessageContaining("outside the transaction")
                        .satisfies(e ->
                                assertThat(((SQLException) e).getSQLState()).isEqualTo("0A000"));
                a.setAutoCommit(false);
                assertThatThrownBy(() -> text(a, sql)).hasMessageContaining("outside the transaction");
                a.rollback();
                run(a, "INSERT INTO numbered (what) VALUES ('y')");
                assertThat(text(a, sql)).isNotEqualTo("1");
                a.commit();
                a.setAutoCommit(true);
            }
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "SELECT 42 AS x INTO TEMP hidden",
                "SELECT 42 AS x INTO pg_temp.hidden",
                "CREATE OR REPLACE TEMP VIEW hidden AS SELECT 42 AS x",
                "CREATE TABLE pg_temp.hidden AS SELECT 42 AS x",
                "DO $$ BEGIN CREATE TEMP TABLE hidden AS SELECT 42 AS x; END $$",
            })
    void temporaryObjectsStayWithTheirClient(String sql) throws Exception {
        try (Connection a = connect("");
                Connection b = connect("")) {
            run(a, sql);
            for (int i = 0; i < 5; i++) {
                assertThatThrownBy(() -> text(b, "SELECT x FROM hidden")).hasMessageContaining("does not exist");
                assertThat(text(a, "SELECT x FROM hidden")).isEqualTo("42");
            }
        }
    }

    @Test
    void aCursorThatOutlivesItsTransactionLeavesTheSessionAbleToWrite() throws Exception {
        try (Connection a = connect("")) {
            await("a read on a replica", () -> "t".equals(text(a, "SELECT pg_is_in_recovery()")));
            run(a, "DECLARE held CURSOR WITH HOLD FOR SELECT id FROM products ORDER BY id");
            run(a, "UPDATE products SET name = name WHERE id = 1");
            assertThat(text(a, "FETCH 1 FROM held")).isEqualTo("1");
        }
    }

    @Test
    void aDefinitionForEveryShardCanBeCancelledWhileItWaitsForALock() throws Exception {
        try (Connection direct = Cluster.shared().direct(1);
                Connection a = connect("");
                Statement definition = a.createStatement()) {
            direct.setAutoCommit(false);
            run(direct, "LOCK TABLE carts");
            CompletableFuture<SQLException> ended = CompletableFuture.supplyAsync(() -> {
                try {
                    definition.execute("ALTER TABLE carts ADD COLUMN late int");
                    throw new AssertionError("went past the lock");
                } catch (SQLException e) {
                    return e;
                }
            });
            await("the definition to end", () -> {
                definition.cancel();
                return ended.isDone();
            });
            assertThat(ended.get().getSQLState()).isEqualTo("57014");
            direct.rollback();
            run(a, "ALTER TABLE carts ADD COLUMN IF NOT EXISTS later int");
        }
        try (Connection direct = Cluster.shared().direct(0)) {
            assertThat(text(direct, "SELECT count(*) FROM pg_attribute WHERE attname = 'late'"))
                    .isEqualTo("0");
        }
    }

    @Test
    void aCopyThatFailsInTheMiddleOfAFrameLeavesTheServerInStep() throws Exception {
        try (PieceClient client = pieces()) {
            client.startFailingCopy("counters");
            byte[] late = "700\t1\n701\t1\n".getBytes(UTF_8);
            client.send('d', late, 3);
            client.until('Z');
            client.query("SELECT 1", late, 3);
            client.until('Z');
            assertEveryServerAnswersInStep();
        }
        try (PieceClient client = pieces()) {
            client.startFailingCopy("counters");
            client.send('d', new byte[100], 3);
            client.until('Z');
        }
        assertEveryServerAnswersInStep();
    }

    private static void assertEveryServerAnswersInStep() throws Exception {
        try (Connection other = connect("")) {
            String sql = "SELECT id FROM products WHERE id = 3 FOR SHARE";
            for (int i = 0; i < 20; i++) {
                assertThat(text(other, sql)).isEqualTo("3");
            }
        }
    }

    @Test
    void aStatementDescribedBeforeItRunsMayRunOnAnyShard() throws Exception {
        try (PieceClient client = pieces()) {
            for (int user = 1; user <= 8; user++) {
                client.look("SELECT count(*) FROM orders WHERE user_id = " + user);
                assertThat(client.execute()).doesNotContain("E");
            }
        }
    }
}
