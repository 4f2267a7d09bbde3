package io.plinth.kit.admin;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.buffer.ByteBuf;
import io.netty.channel.embedded.EmbeddedChannel;
import io.netty.handler.codec.http.HttpServerCodec;
import io.plinth.kit.admin.AdminRoutes.Request;
import io.plinth.kit.admin.AdminRoutes.Response;
import io.plinth.kit.metrics.Metrics;
import io.plinth.testkit.LogWatcher;
import io.plinth.testkit.SplitFeeding;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class AdminExchangeTest {
    private final AdminServer server = new AdminServer(new Metrics(), new Hooks());

    AdminExchangeTest() {
        server.route("GET", "/shards/*", request -> answer(request.path() + " " + request.query()));
        server.route("POST", "/echo", request -> answer(new String(request.body(), StandardCharsets.UTF_8)));
        server.route("GET", "/broken", request -> {
            throw new IllegalStateException("shard - id=1");
        });
    }

    private static CompletionStage<Response> answer(String text) {
        return CompletableFuture.completedFuture(Response.text(200, text));
    }

    private static final class Hooks implements AdminHooks {
        @Override
        public List<String> notReady() {
            return List.of("STARTING");
        }

        @Override
        public String config() {
            return "stack: shop\n";
        }

        @Override
        public CompletionStage<Response> reload() {
            return answer("reloaded\n");
        }

        @Override
        public CompletionStage<Response> drain() {
            return answer("draining\n");
        }
    }

    private EmbeddedChannel channel() {
        return new EmbeddedChannel(new HttpServerCodec(4096, 8192, 8192), new AdminExchange(server::answer, 64 << 10));
    }

    private String exchange(String request) {
        EmbeddedChannel channel = channel();
        channel.writeInbound(io.netty.buffer.Unpooled.copiedBuffer(request, StandardCharsets.UTF_8));
        channel.runPendingTasks();
        StringBuilder answer = new StringBuilder();
        for (ByteBuf out = channel.readOutbound(); out != null; out = channel.readOutbound()) {
            answer.append(out.toString(StandardCharsets.UTF_8));
            out.release();
        }
        channel.finishAndReleaseAll();
        return answer.toString();
    }

    private static String get(String path) {
        return "GET " + path + " HTTP/1.1\r\nHost: localhost:9900\r\n\r\n";
    }

    @Test
    void answersTheSameHoweverTheRequestArrives() {
        byte[] request = "POST /echo HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\n\r\nhello"
                .getBytes(StandardCharsets.US_ASCII);

        List<String> seen = SplitFeeding.of(request)
                .describe(message -> message instanceof ByteBuf bytes ? bytes.toString(StandardCharsets.UTF_8) : "")
                .channel(this::channel);

        assertThat(String.join("\n", seen))
                .contains("HTTP/1.1 200 OK")
                .contains("connection: close")
                .contains("hello");
    }

    @Test
    void answersAPrefixRouteWithItsQuery() {
        assertThat(exchange(get("/shards/s0/queues?min=1&min=2"))).endsWith("/shards/s0/queues {min=[1, 2]}");
    }

    @Test
    void namesWhatIsNotReady() {
        server.readyWhen("upstreams", () -> false);

        assertThat(exchange(get("/health/ready")))
                .startsWith("HTTP/1.1 503")
                .endsWith("not ready: STARTING, upstreams\n");
    }

    @Test
    void saysWhichPathsThereAre() {
        assertThat(exchange(get("/nothing")))
                .startsWith("HTTP/1.1 404")
                .contains("no such path: /nothing (expected: one of [/broken, /config, /drain,");
    }

    @Test
    void saysWhichMethodsThereAre() {
        assertThat(exchange(get("/reload"))).startsWith("HTTP/1.1 405").endsWith("method: GET (expected: POST)\n");
    }

    @Test
    void answersHeadWithoutTheBody() {
        assertThat(exchange("HEAD /config HTTP/1.1\r\nHost: x\r\n\r\n"))
                .startsWith("HTTP/1.1 200")
                .contains("content-length: 12")
                .endsWith("\r\n\r\n");
    }

    @Test
    void aHandlerThatFailsIsA500(LogWatcher.Expected log) {
        log.expect("GET /broken failed");

        assertThat(exchange(get("/broken"))).startsWith("HTTP/1.1 500").endsWith("failed: shard - id=1\n");
    }

    @Test
    void refusesABodyThatIsAnnouncedTooLarge() {
        assertThat(exchange("POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 65537\r\n\r\n"))
                .startsWith("HTTP/1.1 413")
                .endsWith("body: too large (expected: at most 65536 bytes)\n");
    }

    @Test
    void refusesABodyThatGrowsTooLarge() {
        String chunk = "4000\r\n" + "x".repeat(0x4000) + "\r\n";

        assertThat(exchange("POST /echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n" + chunk.repeat(5)))
                .startsWith("HTTP/1.1 413");
    }

    @ParameterizedTest
    @ValueSource(strings = {"http://evil.example", "null", "http://localhost:9901"})
    void refusesAPageOfAnotherSite(String origin) {
        assertThat(exchange("POST /drain HTTP/1.1\r\nHost: localhost:9900\r\nOrigin: " + origin + "\r\n\r\n"))
                .startsWith("HTTP/1.1 403");
    }

    @Test
    void allowsAPageOfItsOwn() {
        assertThat(exchange("POST /drain HTTP/1.1\r\nHost: localhost:9900\r\nOrigin: http://localhost:9900\r\n\r\n"))
                .startsWith("HTTP/1.1 200");
    }

    @Test
    void refusesWhatIsNotHttp() {
        assertThat(exchange("PING\r\n\r\n")).startsWith("HTTP/1.1 400");
    }

    @Test
    void refusesHeadersThatAreTooLong() {
        assertThat(exchange("GET / HTTP/1.1\r\nHost: x\r\nA: " + "a".repeat(9000) + "\r\n\r\n"))
                .startsWith("HTTP/1.1 431");
    }

    @Test
    void closesARequestThatDoesNotEnd() {
        EmbeddedChannel channel = channel();
        channel.advanceTimeBy(11, TimeUnit.SECONDS);
        channel.runScheduledPendingTasks();

        assertThat(channel.isOpen()).isFalse();
        channel.finishAndReleaseAll();
    }

    @Test
    void aRouteIsRegisteredOnce() {
        org.assertj.core.api.Assertions.assertThatThrownBy(
                        () -> server.route("GET", "/metrics", (Request request) -> answer("")))
                .hasMessage("route: GET /metrics (expected: registered once)");
    }
}
