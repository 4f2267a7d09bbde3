package io.plinth.dbproxy;

import static io.plinth.dbproxy.Cluster.await;
import static io.plinth.dbproxy.Cluster.run;
import static io.plinth.dbproxy.Cluster.text;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.sun.net.httpserver.HttpServer;
import io.plinth.kit.lifecycle.RunningNode;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** What a collector gets of statements that come with a trace context. */
@Timeout(90)
class TracingIT {
    private static final String TRACE = "0af7651916cd43dd8448eb211c80319c";
    private static final String SAMPLED = "00-" + TRACE + "-b7ad6b7169203331-01";

    private final List<String> requests = new CopyOnWriteArrayList<>();

    @Test
    void whatIsForSeveralShardsIsOneSpanWithAChildForEach(@TempDir Path state) throws Exception {
        HttpServer collector = collector();
        Path file = state.resolve("plinth.yaml");
        Files.writeString(file, """
            stack: test
            nodes:
              db: { run: db-proxy, port: 0, admin: 127.0.0.1:0, loops: 2 }
            db-proxy:
              tracing: { endpoint: "http://127.0.0.1:%d/v1/traces" }
              databases:
                shop:
                  slow-statement: 1ms
                  shards:
                    s0: { primary: 127.0.0.1:%d }
                    s1: { primary: 127.0.0.1:%d }
                  tables: { orders: { key: user_id, by: hash } }
            """.formatted(
                        collector.getAddress().getPort(),
                        Cluster.shared().primary(0).port(),
                        Cluster.shared().primary(1).port()));
        String comment = " /*traceparent='" + SAMPLED + "'*/";
        try (RunningNode proxy = Cluster.start(file);
                Connection connection = Cluster.connect(proxy, "?preferQueryMode=simple")) {
            run(connection, "DROP TABLE IF EXISTS orders");
            run(connection, "CREATE TABLE orders (user_id bigint, n int)" + comment);
            run(
                    connection,
                    "INSERT INTO orders (user_id, n) VALUES (1, 1), (2, 2), (3, 3), (4, 4), (5, 5), (6, 6)" + comment);
            assertThat(text(connection, "SELECT sum(n) FROM orders WHERE pg_sleep(0.002) IS NOT NULL" + comment))
                    .isEqualTo("21");
            assertThatThrownBy(() -> text(connection, "SELECT count(*) FROM orders WHERE 1 / (n - n) = 1" + comment))
                    .isInstanceOf(SQLException.class);
            await("four spans and two children of each", () -> spans().size() >= 12);
            String port = String.valueOf(proxy.admin().getPort());
            assertThat(page(port, "/slow")).contains("\"statement\":\"select sum (n)", "shop/s0, shop/s1");
            assertThat(page(port, "/statements?database=shop")).contains("\"statement\":\"select sum (n)");
        } finally {
            collector.stop(0);
        }
        List<String> wholes = spans().stream()
                .filter(span -> span.contains("\"parentSpanId\":\"b7ad6b7169203331\""))
                .toList();
        assertThat(wholes).hasSize(4).noneMatch(span -> span.contains("plinth.shard"));
        assertThat(wholes.stream().filter(span -> span.contains("\"status\"")))
                .singleElement()
                .asString()
                .contains("count");
        for (String whole : wholes) {
            String id = whole.replaceFirst("(?s).*\"spanId\":\"([0-9a-f]+)\".*", "$1");
            List<String> children = spans().stream()
                    .filter(span -> span.contains("\"parentSpanId\":\"" + id + "\""))
                    .toList();
            assertThat(children).hasSize(2).allMatch(child -> child.contains(TRACE));
            assertThat(String.join("", children)).contains("\"s0\"", "\"s1\"");
        }
    }

    /** The spans of all requests, each as its text. */
    private List<String> spans() {
        return Arrays.stream(String.join("", requests).split("(?=\\{\"traceId\")"))
                .filter(span -> span.startsWith("{\"traceId\""))
                .toList();
    }

    private static String page(String port, String path) throws Exception {
        try (HttpClient client = HttpClient.newHttpClient()) {
            return client.send(
                            HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + port + path))
                                    .build(),
                            HttpResponse.BodyHandlers.ofString())
                    .body();
        }
    }

    private HttpServer collector() throws IOException {
        HttpServer collector = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 10);
        collector.createContext("/v1/traces", exchange -> {
            requests.add(new String(exchange.getRequestBody().readAllBytes(), StandardCharsets.UTF_8));
            exchange.sendResponseHeaders(200, -1);
            exchange.close();
        });
        collector.start();
        return collector;
    }

    @Test
    void sampledStatementsAreToldToACollectorWithoutTheirValues(@TempDir Path state) throws Exception {
        HttpServer collector = collector();
        Path file = state.resolve("plinth.yaml");
        Files.writeString(file, """
            stack: test
            nodes:
              db: { run: db-proxy, port: 0, admin: 127.0.0.1:0, loops: 2 }
            db-proxy:
              tracing: { endpoint: "http://127.0.0.1:%d/v1/traces" }
              databases:
                shop:
                  shards:
                    s0: { primary: 127.0.0.1:%d }
            """.formatted(
                collector.getAddress().getPort(), Cluster.shared().primary(0).port()));
        try (RunningNode proxy = Cluster.start(file);
                Connection connection = Cluster.connect(proxy, "?preferQueryMode=simple")) {
            text(connection, "SELECT 'untold'");
            text(connection, "SELECT 'secret' AS told /*action='a',traceparent='" + SAMPLED + "'*/");
            text(connection, "SELECT 'unsampled' /*traceparent='" + SAMPLED.replace("-01", "-00") + "'*/");
            assertThatThrownBy(() -> text(connection, "SELECT 1 / 0 /*traceparent='" + SAMPLED + "'*/"))
                    .isInstanceOf(SQLException.class);
            run(connection, "SET application_name TO '" + SAMPLED + "'");
            text(connection, "SELECT 'named' AS application");
            await("three spans", () -> String.join("", requests).contains("application"));
        } finally {
            collector.stop(0);
        }
        String all = String.join("", requests);
        assertThat(all)
                .contains("\"traceId\":\"" + TRACE + "\"")
                .contains("\"parentSpanId\":\"b7ad6b7169203331\"")
                .contains("\"name\":\"SELECT shop\"")
                .contains("select ? as told")
                .contains("{\"key\":\"plinth.shard\",\"value\":{\"stringValue\":\"s0\"}}")
                .contains("\"status\":{\"code\":2}")
                .doesNotContain("secret")
                .doesNotContain("untold")
                .doesNotContain("unsampled");
        assertThat(all.split("\"spanId\"", -1)).hasSizeBetween(4, 5);
    }
}
