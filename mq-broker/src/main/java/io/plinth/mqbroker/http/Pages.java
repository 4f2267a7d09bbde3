package io.plinth.mqbroker.http;

import java.util.Map;
import org.jspecify.annotations.Nullable;

/** What is said to who looks for RabbitMQ's web pages, which this server does not have. */
final class Pages {
    private static final String ADMIN = """
        rabbitmqadmin is not served here: it is RabbitMQ's program, under RabbitMQ's licence. It works with this API:
        take it from RabbitMQ (Debian: /usr/bin/rabbitmqadmin of the package rabbitmq-server), or use `plinth mq`.
        """;
    private static final Map<String, ApiResponse> PAGES = Map.of(
            "/", ApiResponse.text(200, "The management API is below /api/. There is no web page; see `plinth mq`.\n"),
            "/cli", ApiResponse.text(200, ADMIN),
            "/cli/", ApiResponse.text(200, ADMIN),
            "/cli/index.html", ApiResponse.text(200, ADMIN),
            // Who downloads it must not take this for the program.
            "/cli/rabbitmqadmin", ApiResponse.text(404, ADMIN));

    private Pages() {}

    /** The page of a path outside {@code /api/}, or null. */
    static @Nullable ApiResponse of(String path) {
        return PAGES.get(path);
    }
}
