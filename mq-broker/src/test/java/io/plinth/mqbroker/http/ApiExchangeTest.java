package io.plinth.mqbroker.http;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.buffer.Unpooled;
import io.netty.channel.embedded.EmbeddedChannel;
import io.netty.handler.codec.http.DefaultFullHttpRequest;
import io.netty.handler.codec.http.FullHttpResponse;
import io.netty.handler.codec.http.HttpMethod;
import io.netty.handler.codec.http.HttpVersion;
import io.plinth.mqbroker.auth.Access;
import io.plinth.mqbroker.auth.Attempts;
import io.plinth.mqbroker.log.Settings;
import io.plinth.testkit.LogWatcher;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What is said of a request that fails, to its sender and to the log: never its words, of which one may be a password. */
class ApiExchangeTest {
    private static final String SECRET = "s3cret";

    private static String answer(ApiTable.Handler handler, String body) {
        ApiTable table = new ApiTable();
        table.add("PUT", "users", ApiTable.Level.ANYONE, handler);
        Access access = new Access(new Settings(), List.of(), new Attempts(10));
        EmbeddedChannel channel = new EmbeddedChannel() {
            @Override
            protected SocketAddress remoteAddress0() {
                return new InetSocketAddress("127.0.0.1", 1);
            }
        };
        channel.pipeline().addLast(new ApiExchange(table, access, Runnable::run, new Cors(List.of(), Duration.ZERO)));
        channel.writeInbound(new DefaultFullHttpRequest(
                HttpVersion.HTTP_1_1,
                HttpMethod.PUT,
                "/api/users",
                Unpooled.copiedBuffer(body, StandardCharsets.UTF_8)));
        channel.runPendingTasks();
        FullHttpResponse response = channel.readOutbound();
        try {
            return response.status().code() + " " + response.content().toString(StandardCharsets.UTF_8);
        } finally {
            response.release();
            channel.finishAndReleaseAll();
        }
    }

    @Test
    void anUnexpectedErrorIsLoggedByItsPlaceWithoutItsWords(LogWatcher.Expected log) {
        log.expect("management request failed");
        String answer = answer(
                call -> {
                    throw new IllegalStateException(SECRET, new NumberFormatException(SECRET));
                },
                "{}");
        assertThat(answer).startsWith("500 ").doesNotContain(SECRET);
        assertThat(log.errors())
                .singleElement()
                .satisfies(line -> assertThat(line)
                        .contains("IllegalStateException", "NumberFormatException", "ApiExchangeTest")
                        .doesNotContain(SECRET));
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
        {"password": s3cret}      | line 1, column 14: not JSON
        {"password": "s3cret      | line 1, column
        {"password": "s3cret"]    | line 1, column 22: not JSON
        {"password": "s3cret"} {} | more than one value
        """)
    void whatIsNotJsonIsToldByItsPlace(String body, String reason) {
        String answer = answer(
                call -> CompletableFuture.completedFuture(
                        ApiResponse.json(call.document().keySet())),
                body);
        assertThat(answer).startsWith("400 ").contains("not_json", reason).doesNotContain(SECRET);
    }

    @Test
    void whatIsNestedTooDeepIsToldSo() {
        String answer = answer(
                call -> CompletableFuture.completedFuture(
                        ApiResponse.json(call.document().keySet())),
                "{\"password\":" + "[".repeat(100));
        assertThat(answer).startsWith("400 ").contains("nested deeper than 64");
    }
}
