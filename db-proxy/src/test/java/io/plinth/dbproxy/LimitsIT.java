package io.plinth.dbproxy;

import static io.plinth.dbproxy.Cluster.await;
import static io.plinth.dbproxy.Cluster.text;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.plinth.kit.lifecycle.RunningNode;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Bounds on server connections that several pools share. */
@Timeout(120)
class LimitsIT {
    private static final String USERS = "users: { shop: {}, postgres: {} }\n";

    private static Connection connect(RunningNode node, String user) throws SQLException {
        return DriverManager.getConnection(Cluster.url(node, "?socketTimeout=20"), user, "");
    }

    /** Keeps a server connection for itself until it commits. */
    private static void busy(Connection connection) throws SQLException {
        connection.setAutoCommit(false);
        text(connection, "SELECT pg_advisory_xact_lock_shared(9)");
    }

    @Test
    void aDatabasesBoundHoldsForAllItsUsers(@TempDir Path state) throws Exception {
        try (RunningNode node = Cluster.shared().single(state, USERS + "pool: { size: 5, max-database: 2, wait: 1s }");
                Connection a = connect(node, "shop");
                Connection b = connect(node, "postgres");
                Connection c = connect(node, "postgres")) {
            busy(a);
            busy(b);
            assertThatThrownBy(() -> text(c, "SELECT 1 FOR UPDATE")).hasMessageContaining("pool.max-database");
            a.commit();
            assertThat(text(c, "SELECT pg_advisory_xact_lock_shared(9) IS NULL"))
                    .isIn("t", "f");
            b.commit();
        }
    }

    @Test
    void aUsersBoundLeavesOthersAlone(@TempDir Path state) throws Exception {
        try (RunningNode node = Cluster.shared().single(state, USERS + "pool: { size: 5, max-user: 1, wait: 1s }");
                Connection a = connect(node, "shop");
                Connection b = connect(node, "shop");
                Connection c = connect(node, "postgres")) {
            busy(a);
            busy(c);
            assertThatThrownBy(() -> text(b, "SELECT 1 FOR UPDATE")).hasMessageContaining("pool.max-user");
            a.commit();
            assertThat(text(b, "SELECT 1")).isEqualTo("1");
            c.commit();
        }
    }

    @Test
    void clientsOfAUserAndOfTheDatabaseAreBounded(@TempDir Path state) throws Exception {
        try (RunningNode node = Cluster.shared().single(state, USERS + "clients: { max: 3, per-user: 1 }");
                Connection b = connect(node, "postgres")) {
            Connection a = connect(node, "shop");
            assertThatThrownBy(() -> connect(node, "shop"))
                    .isInstanceOfSatisfying(
                            SQLException.class, e -> assertThat(e.getSQLState()).isEqualTo("53300"))
                    .hasMessageContaining("clients of database");
            assertThat(text(b, "SELECT 1")).isEqualTo("1");
            a.close();
            Cluster.await("the place is free again", () -> {
                try (Connection next = connect(node, "shop")) {
                    return text(next, "SELECT 1").equals("1");
                } catch (SQLException e) {
                    return false;
                }
            });
        }
    }

    @Test
    void aServersBoundHoldsForAllUsers(@TempDir Path state) throws Exception {
        try (RunningNode node = Cluster.shared().single(state, USERS + "pool: { size: 5, max-server: 1, wait: 1s }");
                Connection a = connect(node, "shop");
                Connection b = connect(node, "postgres")) {
            busy(a);
            assertThatThrownBy(() -> text(b, "SELECT 1 FOR UPDATE")).hasMessageContaining("pool.max-server");
            a.commit();
            assertThat(text(b, "SELECT 2 FOR UPDATE")).isEqualTo("2");
        }
    }

    @Test
    void whoWaitsForAConnectionOfItsOwnShareCostsOthersNone(@TempDir Path state) throws Exception {
        try (RunningNode node =
                        Cluster.shared().single(state, USERS + "pool: { size: 1, max-database: 2, wait: 20s }");
                Connection a = connect(node, "shop");
                Connection b = connect(node, "shop");
                Connection c = connect(node, "postgres")) {
            busy(a);
            String server = text(c, "SELECT pg_backend_pid() FOR UPDATE");
            Thread waits = Thread.ofVirtual().start(() -> {
                try {
                    text(b, "SELECT 1 FOR UPDATE");
                } catch (SQLException e) {
                    throw new IllegalStateException(e);
                }
            });
            // A's pool is the one that is waited for; it has been for longer than C is done each time.
            await("a client that waits", () -> pools(node).contains("\"waiting\":1"));
            for (int i = 0; i < 30; i++) {
                assertThat(text(c, "SELECT pg_backend_pid(), pg_sleep(0.002) FOR UPDATE"))
                        .isEqualTo(server);
            }
            a.commit();
            waits.join();
        }
    }

    private static String pools(RunningNode node) throws Exception {
        try (HttpClient client = HttpClient.newHttpClient()) {
            URI uri = URI.create("http://127.0.0.1:" + node.admin().getPort() + "/pools");
            return client.send(HttpRequest.newBuilder(uri).build(), HttpResponse.BodyHandlers.ofString())
                    .body();
        }
    }

    /** One connection for two users on two loops: whoever waits gets it, however busy the other one keeps it. */
    @Test
    void whoWaitsLongestIsServedBeforeWhoHasTheConnection(@TempDir Path state) throws Exception {
        AtomicInteger done = new AtomicInteger();
        List<Throwable> failures = new ArrayList<>();
        try (RunningNode node =
                Cluster.shared().single(state, USERS + "pool: { size: 5, max-database: 1, wait: 20s }")) {
            List<Thread> threads = new ArrayList<>();
            for (int i = 0; i < 6; i++) {
                String user = i % 2 == 0 ? "shop" : "postgres";
                threads.add(Thread.ofVirtual().start(() -> {
                    try (Connection connection = connect(node, user)) {
                        for (int k = 0; k < 20; k++) {
                            text(connection, "SELECT pg_advisory_xact_lock_shared(9)");
                            done.incrementAndGet();
                        }
                    } catch (SQLException e) {
                        synchronized (failures) {
                            failures.add(e);
                        }
                    }
                }));
            }
            for (Thread thread : threads) {
                thread.join();
            }
        }
        assertThat(failures).isEmpty();
        assertThat(done).hasValue(120);
    }
}
