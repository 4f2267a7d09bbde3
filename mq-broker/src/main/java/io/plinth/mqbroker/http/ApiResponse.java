package io.plinth.mqbroker.http;

import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * An answer.
 *
 * @param body a document, or nothing
 */
public record ApiResponse(int status, @Nullable Object body, Map<String, String> headers) {
    private static final Object NO_BODY = "";

    /** A body that is no JSON. */
    record Text(String text) {}

    static ApiResponse text(int status, String text) {
        return new ApiResponse(status, new Text(text), Map.of());
    }

    public static ApiResponse json(Object document) {
        return new ApiResponse(200, document, Map.of());
    }

    public static ApiResponse json(int status, Object document) {
        return new ApiResponse(status, document, Map.of());
    }

    /** Something was made, or was there already. */
    public static ApiResponse put(boolean known) {
        return new ApiResponse(known ? 204 : 201, NO_BODY, Map.of());
    }

    public static ApiResponse created(String location) {
        return new ApiResponse(201, NO_BODY, Map.of("location", location));
    }

    public static ApiResponse done() {
        return new ApiResponse(204, NO_BODY, Map.of());
    }

    static ApiResponse refused(int status, String error, String reason) {
        Map<String, @Nullable Object> document = new LinkedHashMap<>();
        document.put("error", error);
        document.put("reason", reason);
        return new ApiResponse(status, document, Map.of());
    }

    boolean empty() {
        return NO_BODY.equals(body);
    }

    String contentType() {
        return body instanceof Text ? "text/plain; charset=utf-8" : "application/json";
    }

    byte[] bytes() {
        return empty()
                ? new byte[0]
                : body instanceof Text page ? page.text().getBytes(StandardCharsets.UTF_8) : Json.bytes(body);
    }

    /** The same with more headers. */
    ApiResponse with(Map<String, String> more) {
        if (more.isEmpty()) {
            return this;
        }
        Map<String, String> all = new LinkedHashMap<>(headers);
        all.putAll(more);
        return new ApiResponse(status, body, all);
    }
}
