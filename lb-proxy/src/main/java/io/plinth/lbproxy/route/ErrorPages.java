package io.plinth.lbproxy.route;

import java.util.Map;
import org.jspecify.annotations.Nullable;

/** A route's own pages for the errors that the proxy answers itself. Immutable. */
public final class ErrorPages {
    /** None. */
    public static final ErrorPages NONE = new ErrorPages(Map.of());

    /**
     * One page.
     *
     * @param type of its content
     */
    public record Page(String type, byte[] body) {}

    private final Map<String, Page> pages;

    /** Pages by status, or {@code 4xx} and {@code 5xx}. */
    public ErrorPages(Map<String, Page> pages) {
        this.pages = Map.copyOf(pages);
    }

    /** The page of a status; null for none. */
    public @Nullable Page of(int status) {
        if (pages.isEmpty()) {
            return null;
        }
        Page exact = pages.get(String.valueOf(status));
        return exact != null ? exact : pages.get(status / 100 + "xx");
    }
}
