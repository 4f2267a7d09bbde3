package shop.demo;

import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;

/**
 * A whole response.
 *
 * @param location where to go next; null unless it is a redirect
 * @param session the session to remember; null unless it is new
 */
record Reply(
        int status,
        String type,
        byte[] body,
        @Nullable String location,
        @Nullable String session) {
    static Reply html(int status, String body, @Nullable String session) {
        return new Reply(status, "text/html; charset=utf-8", body.getBytes(StandardCharsets.UTF_8), null, session);
    }

    static Reply text(int status, String body) {
        return new Reply(status, "text/plain; charset=utf-8", body.getBytes(StandardCharsets.UTF_8), null, null);
    }

    static Reply redirect(String location, @Nullable String session) {
        return new Reply(303, "text/plain; charset=utf-8", new byte[0], location, session);
    }

    static Reply asset(String type, byte[] body) {
        return new Reply(200, type, body, null, null);
    }
}
