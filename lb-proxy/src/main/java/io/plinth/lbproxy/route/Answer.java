package io.plinth.lbproxy.route;

import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;

/**
 * What the proxy answers itself.
 *
 * @param why one line for the body of an error; empty where there is nothing to say
 * @param type of the body
 * @param body as it is sent; null for the line made of status and {@code why}
 * @param location of a redirect
 * @param retryAfter seconds, 0 for none
 */
public record Answer(
        int status,
        String why,
        String type,
        byte @Nullable [] body,
        @Nullable String location,
        long retryAfter) {
    private static final String TEXT = "text/plain; charset=utf-8";

    /** An error, with the route's page for it where there is one. */
    public static Answer error(int status, String why, ErrorPages pages) {
        return retryLater(status, why, pages, 0);
    }

    /** The same, with the time after which another try may do better. */
    public static Answer retryLater(int status, String why, ErrorPages pages, long retryAfter) {
        ErrorPages.Page page = pages.of(status);
        return page == null
                ? new Answer(status, why, TEXT, null, null, retryAfter)
                : new Answer(status, why, page.type(), page.body(), null, retryAfter);
    }

    /** A redirect. */
    public static Answer redirect(int status, String location) {
        return new Answer(status, location, TEXT, null, location, 0);
    }

    /** Fixed content. */
    public static Answer content(int status, String type, String body) {
        return new Answer(status, "", type, body.getBytes(StandardCharsets.UTF_8), null, 0);
    }
}
