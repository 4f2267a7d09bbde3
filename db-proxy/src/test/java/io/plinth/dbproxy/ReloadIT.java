package io.plinth.dbproxy;

import static io.plinth.dbproxy.Cluster.await;
import static io.plinth.dbproxy.Cluster.run;
import static io.plinth.dbproxy.Cluster.text;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.plinth.kit.config.StackFiles;
import io.plinth.kit.lifecycle.NodeOptions;
import io.plinth.kit.lifecycle.NodeRunner;
import io.plinth.kit.lifecycle.RunningNode;
import io.plinth.kit.lifecycle.StackFileLoader;
import io.plinth.testkit.RequiresPeer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** A changed section takes effect and no client notices. */
@Timeout(120)
class ReloadIT {
    private static final StackFileLoader LOADER =
            path -> StackFiles.read(path, List.of(DbProxyMain.TYPE), Map.of(), Map.of());

    @TempDir
    private Path state;

    private @Nullable RunningNode started;

    @BeforeEach
    void start() throws Exception {
        Files.writeString(state.resolve("password"), "wrench");
        write("pool: { size: 1, wait: 1s }");
        started = NodeRunner.start(
                DbProxyMain.TYPE,
                LOADER.load(file()),
                "db",
                NodeOptions.defaults().withLoader(LOADER));
    }

    @AfterEach
    void stop() throws Exception {
        node().close();
    }

    private RunningNode node() {
        return Objects.requireNonNull(started);
    }

    private Path file() {
        return state.resolve("plinth.yaml");
    }

    private void write(String shop) throws Exception {
        write(shop, Cluster.shared().primary(0).port(), "");
    }

    private void write(String shop, int primary, String further) throws Exception {
        Files.writeString(file(), """
            stack: test
            nodes:
              db: { run: db-proxy, port: 0, admin: 127.0.0.1:0, loops: 2 }
            db-proxy:
              console: { admin-users: { ops: { password: { file: password } } } }
              databases:
                shop:
                  health-interval: 50ms
                  shards: { s0: { primary: 127.0.0.1:%d } }
                  %s
            %s
            """.formatted(primary, shop, further.indent(4)));
    }

    private Connection connect() throws SQLException {
        return Cluster.connect(node(), "?socketTimeout=20");
    }

    @Test
    void poolSizesAndWaitsChange() throws Exception {
        try (Connection a = connect();
                Connection b = connect()) {
            a.setAutoCommit(false);
            text(a, "SELECT 1");
            assertThatThrownBy(() -> text(b, "SELECT 2")).hasMessageContaining("none became free within 1000 ms");
            write("pool: { size: 2 }");
            node().reload().get();
            assertThat(text(b, "SELECT 2")).isEqualTo("2");
            assertThat(text(a, "SELECT 3")).isEqualTo("3");
        }
    }

    @Test
    void usersAndAccessRulesChangeForWhoComesNext() throws Exception {
        try (Connection before = connect()) {
            Files.writeString(state.resolve("hba"), "host shop late 127.0.0.1/32 scram-sha-256\n");
            Files.writeString(state.resolve("secret"), "tea");
            write("hba: hba\n      users: { late: { password: { file: secret }, server-user: shop } }");
            node().reload().get();
            assertThat(text(before, "SELECT 1")).isEqualTo("1");
            assertThatThrownBy(this::connect).hasMessageContaining("no access rule");
            try (Connection late = DriverManager.getConnection(Cluster.url(node(), ""), "late", "tea")) {
                assertThat(text(late, "SELECT current_user")).isEqualTo("shop");
            }
            Files.writeString(state.resolve("hba"), "host shop shop 127.0.0.1/32 trust\n");
            write("hba: hba\n      users: { shop: {} }");
            node().reload().get();
            connect().close();
        }
    }

    @Test
    void sessionsMoveToAnotherServerBetweenTransactions() throws Exception {
        int other = Cluster.shared().primary(1).port();
        try (Connection a = connect();
                Connection b = connect()) {
            a.setAutoCommit(false);
            String port = text(a, "SELECT inet_server_port()");
            String server = text(a, "SELECT pg_backend_pid()");
            write("pool: { size: 5 }", other, "");
            node().reload().get();
            await("the other server", () -> text(b, "SELECT inet_server_port()").equals(String.valueOf(other)));
            assertThat(text(a, "SELECT inet_server_port()")).isEqualTo(port);
            a.commit();
            assertThat(text(a, "SELECT inet_server_port()")).isEqualTo(String.valueOf(other));
            a.commit();
            try (Connection direct = Cluster.shared().direct(0)) {
                await(
                        "the old connection to close",
                        () -> text(direct, "SELECT count(*) FROM pg_stat_activity WHERE pid = " + server)
                                .equals("0"));
            }
        }
    }

    @Test
    void databasesComeAndGo() throws Exception {
        int port = Cluster.shared().primary(0).port();
        write(
                "pool: { size: 2 }",
                port,
                "second: { users: { shop: {} }, shards: { s0: { primary: 127.0.0.1:%d, database: shop } } }"
                        .formatted(port));
        node().reload().get();
        try (RawClient client = RawClient.session(Cluster.port(node()), "shop", "second")) {
            assertThat(client.query("SELECT 1")).endsWith("Z(I)");
            write("pool: { size: 2 }");
            node().reload().get();
            assertThat(client.untilReady()).isEqualTo("E(57P01) closed");
        }
    }

    @Test
    void whatIsFixedIsRefusedAndNothingChanges() throws Exception {
        Files.writeString(file(), Files.readString(file()).replace("s0:", "s9:").replace("size: 1", "size: 7"));
        assertThatThrownBy(() -> node().reload().get()).hasMessageContaining("databases.shop.shards");
        try (Connection a = connect();
                Connection b = connect()) {
            a.setAutoCommit(false);
            run(a, "SELECT 1");
            assertThatThrownBy(() -> text(b, "SELECT 2")).hasMessageContaining("all 1 are in use");
        }
    }

    @Test
    @RequiresPeer("psql")
    void theConsoleReloadsToo() throws Exception {
        write("pool: { size: 3 }");
        assertThat(Program.psql(Cluster.port(node()), "ops", "wrench", "pgbouncer", "RELOAD")
                        .output())
                .contains("RELOAD");
        assertThat(Program.psql(Cluster.port(node()), "ops", "wrench", "pgbouncer", "SHOW CONFIG")
                        .output())
                .contains("databases.shop.pool.size|3");
        write("pool: { size: none }");
        assertThat(Program.psql(Cluster.port(node()), "ops", "wrench", "pgbouncer", "RELOAD")
                        .output())
                .contains("RELOAD failed")
                .contains("a whole number");
    }
}
