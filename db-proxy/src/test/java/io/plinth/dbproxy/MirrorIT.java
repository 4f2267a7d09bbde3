package io.plinth.dbproxy;

import static io.plinth.dbproxy.Cluster.await;
import static io.plinth.dbproxy.Cluster.run;
import static io.plinth.dbproxy.Cluster.text;
import static org.assertj.core.api.Assertions.assertThat;

import io.plinth.kit.lifecycle.RunningNode;
import io.plinth.testkit.BreakingRelay;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Reads go to a mirror as well, which no client waits for. The mirror is another server, behind a relay. */
@Timeout(120)
class MirrorIT {
    private static @Nullable RunningNode proxy;
    private static @Nullable BreakingRelay relay;

    @BeforeAll
    static void start(@TempDir Path state) throws Exception {
        relay = BreakingRelay.to(new InetSocketAddress(
                InetAddress.getLoopbackAddress(), Cluster.shared().primary(1).port()));
        proxy = Cluster.shared()
                .single(state, "mirror: { at: 127.0.0.1:" + relay.port() + ", queue: 3, timeout: 60s }");
        for (int shard = 0; shard < 2; shard++) {
            try (Connection direct = Cluster.shared().direct(shard)) {
                run(direct, "DROP TABLE IF EXISTS mirrored");
                run(direct, "DROP TABLE IF EXISTS only_here");
                run(direct, "CREATE TABLE mirrored (id int)");
            }
        }
        try (Connection connection = connect("")) {
            run(connection, "CREATE TABLE only_here (id int)");
        }
    }

    @AfterAll
    static void stop() throws Exception {
        Objects.requireNonNull(proxy).close();
        Objects.requireNonNull(relay).close();
    }

    private static Connection connect(String options) throws SQLException {
        return Cluster.connect(Objects.requireNonNull(proxy), options);
    }

    private static int count(String outcome) throws Exception {
        return metrics()
                .lines()
                .filter(line -> line.startsWith("db_proxy_mirrored_total{") && line.contains("\"" + outcome + "\""))
                .mapToInt(line -> (int) Double.parseDouble(line.substring(line.lastIndexOf(' ') + 1)))
                .sum();
    }

    private static String metrics() throws Exception {
        try (HttpClient client = HttpClient.newHttpClient()) {
            URI page = URI.create(
                    "http://127.0.0.1:" + Objects.requireNonNull(proxy).admin().getPort() + "/metrics");
            return client.send(HttpRequest.newBuilder(page).build(), HttpResponse.BodyHandlers.ofString())
                    .body();
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"?preferQueryMode=simple", "?prepareThreshold=1"})
    void readsReachTheMirrorAndWritesDoNot(String mode) throws Exception {
        int same = count("same");
        int failed = count("mirror_failed");
        int clientFailed = count("client_failed");
        try (Connection connection = connect(mode)) {
            run(connection, "INSERT INTO mirrored VALUES (1)");
            try (PreparedStatement select = connection.prepareStatement("SELECT count(*) FROM mirrored WHERE id = ?")) {
                for (int i = 0; i < 3; i++) {
                    select.setInt(1, 1);
                    int before = same + i;
                    try (ResultSet rows = select.executeQuery()) {
                        assertThat(rows.next()).isTrue();
                        assertThat(rows.getInt(1)).isPositive();
                    }
                    await("the mirror has answered", () -> count("same") > before);
                }
            }
            assertThat(text(connection, "SELECT count(*) FROM only_here")).isEqualTo("0");
            await("the mirror has failed", () -> count("mirror_failed") > failed);
            assertThat(count("client_failed")).isEqualTo(clientFailed);
            try (Connection direct = Cluster.shared().direct(1)) {
                assertThat(text(direct, "SELECT count(*) FROM mirrored")).isEqualTo("0");
            }
        }
        assertThat(metrics())
                .contains("db_proxy_mirror_answer_seconds_count{database=\"shop\",side=\"client\"}")
                .contains("db_proxy_mirror_answer_seconds_count{database=\"shop\",side=\"mirror\"}");
    }

    @Test
    void whatTakesTheMirrorTooLongIsEndedThere(@TempDir Path state) throws Exception {
        String mirror = "mirror: { at: 127.0.0.1:" + Cluster.shared().primary(1).port() + ", timeout: 1s }";
        try (RunningNode hasty = Cluster.shared().single(state, mirror);
                Connection connection = Cluster.connect(hasty, "?preferQueryMode=simple");
                Connection locker = Cluster.shared().direct(1);
                Connection watcher = Cluster.shared().direct(1)) {
            String waiting = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'"
                    + " AND query LIKE 'SELECT count%FROM mirrored%'";
            locker.setAutoCommit(false);
            run(locker, "LOCK TABLE mirrored IN ACCESS EXCLUSIVE MODE");
            await("the mirror waits", () -> {
                text(connection, "SELECT count(*) FROM mirrored");
                return !text(watcher, waiting).equals("0");
            });
            await("its query is ended", () -> text(watcher, waiting).equals("0"));
            locker.rollback();
        }
    }

    @Test
    void aMirrorThatDoesNotAnswerHoldsNobodyUp() throws Exception {
        int dropped = count("dropped");
        BreakingRelay stalled = Objects.requireNonNull(relay);
        stalled.stall(BreakingRelay.Direction.TO_TARGET);
        try (Connection connection = connect("")) {
            for (int i = 0; i < 30; i++) {
                assertThat(text(connection, "SELECT " + i + " FROM pg_class LIMIT 1"))
                        .isEqualTo(String.valueOf(i));
            }
            assertThat(count("dropped")).isGreaterThan(dropped);
        } finally {
            stalled.heal();
        }
        int same = count("same");
        try (Connection connection = connect("")) {
            await("the mirror is used again", () -> {
                text(connection, "SELECT 1 FROM pg_class LIMIT 1");
                return count("same") > same;
            });
        }
    }
}
