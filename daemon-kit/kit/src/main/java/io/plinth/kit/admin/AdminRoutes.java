package io.plinth.kit.admin;

import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletionStage;
import java.util.function.BooleanSupplier;
import java.util.function.Function;
import java.util.function.Supplier;

/** What a daemon adds to its node's admin server; register everything before start. */
public interface AdminRoutes {
    /** Adds a route; {@code path} matches exactly, or by prefix when it ends in {@code /*}. Handlers must not block. */
    void route(String method, String path, Function<Request, CompletionStage<Response>> handler);

    /** Reads the node's file again, as {@code POST /reload} does. */
    CompletionStage<Response> reload();

    /** Has this done before {@code /metrics} is answered: numbers that their owners must be asked for. */
    void beforeScrape(Supplier<? extends CompletionStage<?>> work);

    /** How many octets the body of a request may have; 64 KiB where nothing is said. */
    void bodies(int most);

    /** Adds a condition to {@code /health/ready}; {@code name} is shown when it does not hold. */
    void readyWhen(String name, BooleanSupplier condition);

    /**
     * A whole request.
     *
     * @param query parameters by name, decoded
     * @param body at most the admin body limit
     */
    record Request(String method, String path, Map<String, List<String>> query, byte[] body) {}

    /** A whole response. */
    record Response(int status, String contentType, byte[] body) {
        public static Response text(int status, String body) {
            return new Response(
                    status, "text/plain; charset=utf-8", body.getBytes(java.nio.charset.StandardCharsets.UTF_8));
        }

        public static Response json(int status, String body) {
            return new Response(status, "application/json", body.getBytes(java.nio.charset.StandardCharsets.UTF_8));
        }
    }
}
