package io.plinth.lbproxy.route;

/**
 * One rule and what it leads to.
 *
 * @param host a name, {@code *.name} for every name below it, or empty for any
 * @param path a prefix that ends at a segment's end, or {@code =/path} for that path alone
 * @param target what the matching request gets
 */
public record RouteRule<T>(String host, String path, T target) {
    public RouteRule {
        if (!path.startsWith("/") && !path.startsWith("=/")) {
            throw new IllegalArgumentException("path: " + path + " (expected: /prefix or =/exact)");
        }
    }

    boolean exactPath() {
        return path.startsWith("=");
    }

    String plainPath() {
        return exactPath() ? path.substring(1) : path;
    }
}
