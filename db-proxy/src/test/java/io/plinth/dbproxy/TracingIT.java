package io.plinth.dbproxy;

import static io.plinth.dbproxy.Cluster.await;
import static io.plinth.dbproxy.Cluster.run;
import static io.plinth.dbproxy.Cluster.text;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.sun.net.httpserver.HttpServer;
import io.plinth.kit.lifecycle.RunningNode;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
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
    void sampledStatementsAreToldToACollectorWithoutTheirValues(@TempDir Path state) throws Exception {
        HttpServer collector = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 10);
        collector.createContext("/v1/traces", exchange -> {
            requests.add(new String(exchange.getRequestBody().readAllBytes(), StandardCharsets.UTF_8));
            exchange.sendResponseHeaders(200, -1);
            exchange.close();
        });
        collector.start();
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
