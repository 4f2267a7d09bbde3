package io.plinth.dbproxy;

import static io.plinth.dbproxy.Cluster.await;
import static io.plinth.dbproxy.Cluster.run;
import static io.plinth.dbproxy.Cluster.text;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.plinth.kit.lifecycle.RunningNode;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.postgresql.PGConnection;
import org.postgresql.PGNotification;

/** Few server connections for many clients: what one client leaves in a session reaches it, and nobody else. */
@Timeout(120)
class PoolingIT {
    private static final String SIMPLE = "?preferQueryMode=simple";
    private static @Nullable RunningNode proxy;

    @BeforeAll
    static void start(@TempDir Path state) throws Exception {
        proxy = Cluster.shared().single(state, "pool: { size: 4 }\nread-your-writes: database");
        try (Connection connection = connect("")) {
            run(connection, "DROP TABLE IF EXISTS shape");
            run(connection, "CREATE TABLE shape (a int)");
        }
        try (Connection admin = java.sql.DriverManager.getConnection(
                "jdbc:postgresql://127.0.0.1:" + Cluster.shared().primary(0).port() + "/shop", "postgres", "")) {
            run(admin, "DROP ROLE IF EXISTS clerk");
            run(admin, "CREATE ROLE clerk");
            run(admin, "GRANT clerk TO shop");
        }
    }

    @AfterAll
    static void stop() throws Exception {
        Objects.requireNonNull(proxy).close();
    }

    private static Connection connect(String options) throws SQLException {
        return Cluster.connect(Objects.requireNonNull(proxy), options);
    }

    /** Runs {@code work} while every server connection but one is taken by another client. */
    private static void onAnother(Callable<?> work) throws Exception {
        List<Connection> busy = new ArrayList<>();
        try {
            for (int i = 0; i < 3; i++) {
                Connection connection = connect("");
                connection.setAutoCommit(false);
                run(connection, "SELECT pg_advisory_xact_lock_shared(77)");
                busy.add(connection);
            }
            work.call();
        } finally {
            for (Connection connection : busy) {
                connection.close();
            }
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {SIMPLE, "?prepareThreshold=0"})
    void whatIsPreparedWithSqlRunsOnAnyServerConnection(String options) throws Exception {
        try (Connection a = connect(options);
                Connection b = connect(options)) {
            run(a, "PREPARE p (int) AS SELECT $1 + 1");
            run(b, "PREPARE p AS SELECT 'b'");
            for (int i = 0; i < 3; i++) {
                assertThat(text(a, "EXECUTE p(41)")).isEqualTo("42");
                assertThat(text(b, "EXECUTE p")).isEqualTo("b");
                onAnother(() -> assertThat(text(a, "EXECUTE p (1)")).isEqualTo("2"));
            }
            assertThatThrownBy(() -> run(a, "PREPARE p AS SELECT 2")).hasMessageContaining("already exists");
            run(a, "DEALLOCATE p");
            assertThatThrownBy(() -> text(a, "EXECUTE p(1)")).hasMessageContaining("does not exist");
            assertThatThrownBy(() -> run(a, "PREPARE q AS SELEC 2")).hasMessageContaining("syntax error");
            assertThatThrownBy(() -> text(a, "EXECUTE q")).hasMessageContaining("does not exist");
            run(a, "PREPARE q AS SELECT 3");
            assertThat(text(a, "EXECUTE q")).isEqualTo("3");
            assertThat(text(b, "EXECUTE p")).isEqualTo("b");
        }
    }

    @Test
    void aPlanThatIsOutOfDateIsMadeAgain() throws Exception {
        try (Connection a = connect("?prepareThreshold=1");
                Connection b = connect(SIMPLE);
                PreparedStatement select = a.prepareStatement("SELECT * FROM shape FOR SHARE")) {
            for (int i = 0; i < 4; i++) {
                try (ResultSet rows = select.executeQuery()) {
                    assertThat(rows.next()).isFalse();
                }
                run(b, "ALTER TABLE shape ADD COLUMN c" + i + " int");
            }
        }
    }

    @Test
    void notificationsReachWhoListensWithoutAServerConnectionOfTheirOwn() throws Exception {
        List<Connection> listeners = new ArrayList<>();
        try (Connection sender = connect(SIMPLE)) {
            // More than there are server connections.
            for (int i = 0; i < 10; i++) {
                Connection listener = connect("");
                listeners.add(listener);
                run(listener, "LISTEN \"News\"");
                run(listener, "LISTEN other");
            }
            run(listeners.get(0), "UNLISTEN *");
            run(listeners.get(1), "UNLISTEN \"News\"");
            run(sender, "NOTIFY \"News\", 'hello'");
            run(sender, "NOTIFY other, 'end'");
            for (int i = 2; i < 10; i++) {
                assertThat(heard(listeners.get(i), 2)).containsExactly("News:hello", "other:end");
            }
            assertThat(heard(listeners.get(1), 1)).containsExactly("other:end");
            assertThat(text(listeners.get(0), "SELECT 1")).isEqualTo("1");
            assertThat(heard(listeners.get(0), 0)).isEmpty();
        } finally {
            for (Connection listener : listeners) {
                listener.close();
            }
        }
    }

    private static List<String> heard(Connection listener, int count) throws Exception {
        List<String> all = new ArrayList<>();
        await("notifications", () -> {
            PGNotification[] some = listener.unwrap(PGConnection.class).getNotifications(count == 0 ? 1 : 50);
            for (PGNotification each : some == null ? new PGNotification[0] : some) {
                all.add(each.getName() + ":" + each.getParameter());
            }
            return all.size() >= count;
        });
        return all;
    }

    @Test
    void aRoleFollowsItsClientAndNoOther() throws Exception {
        try (Connection a = connect("");
                Connection b = connect("")) {
            run(a, "SET ROLE clerk");
            for (int i = 0; i < 5; i++) {
                assertThat(text(a, "SELECT current_user")).isEqualTo("clerk");
                assertThat(text(b, "SELECT current_user")).isEqualTo("shop");
                onAnother(() -> assertThat(text(a, "SELECT current_user")).isEqualTo("clerk"));
            }
            run(a, "RESET ROLE");
            assertThat(text(a, "SELECT current_user")).isEqualTo("shop");
            run(a, "SET ROLE clerk");
            run(a, "SET ROLE NONE");
            assertThat(text(a, "SELECT current_user")).isEqualTo("shop");
        }
    }

    @Test
    void statementModeRefusesTransactions(@TempDir Path state) throws Exception {
        try (RunningNode node = Cluster.shared().single(state, "pool: { mode: statement, size: 2 }");
                Connection connection = Cluster.connect(node, SIMPLE)) {
            assertThat(text(connection, "SELECT 1")).isEqualTo("1");
            assertThatThrownBy(() -> run(connection, "BEGIN")).hasMessageContaining("statement pooling mode");
            assertThat(text(connection, "SELECT 2")).isEqualTo("2");
        }
    }
}
