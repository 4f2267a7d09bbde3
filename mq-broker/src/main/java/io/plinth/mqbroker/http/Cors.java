package io.plinth.mqbroker.http;

import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Which pages may use the API from a browser (https://fetch.spec.whatwg.org/#http-cors-protocol).
 *
 * @param origins such as {@code https://admin.example}; {@code *} for all, which then get no cookies along
 * @param maxAge how long a browser may remember the answer to OPTIONS
 */
public record Cors(List<String> origins, Duration maxAge) {
    private static final String ALL = "*";

    public Cors {
        origins = List.copyOf(origins);
    }

    /** What an answer to a page of this origin says; nothing where it may not read it. */
    Map<String, String> headers(@Nullable String origin) {
        Map<String, String> headers = new LinkedHashMap<>();
        if (origin == null || !(origins.contains(origin) || origins.contains(ALL))) {
            return headers;
        }
        headers.put("access-control-allow-origin", origin);
        if (origins.contains(origin)) {
            headers.put("access-control-allow-credentials", "true");
        }
        return headers;
    }

    /** As above, before the page sends a request of these methods with the headers it named. */
    Map<String, String> preflight(@Nullable String origin, String methods, @Nullable String wanted) {
        Map<String, String> headers = headers(origin);
        if (!headers.isEmpty()) {
            headers.put("access-control-allow-methods", methods);
            headers.put("access-control-max-age", Long.toString(maxAge.toSeconds()));
            if (wanted != null) {
                headers.put("access-control-allow-headers", wanted);
            }
        }
        return headers;
    }
}
