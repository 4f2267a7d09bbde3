package io.plinth.lbproxy.route;

import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * One rule and what it leads to.
 *
 * @param name its name in the file; decides between rules that are equal otherwise
 * @param host a name, {@code *.name} for every name below it, or empty for any
 * @param path a prefix that ends at a segment's end, {@code =/path} for that path alone, or {@code ~pattern}
 * @param conditions what it asks for beside
 * @param target what the matching request gets
 */
public record RouteRule<T>(String name, String host, String path, Conditions conditions, T target) {
    public RouteRule {
        host = hostOf(host);
        if (!path.startsWith("/") && !path.startsWith("=/") && !path.startsWith("~")) {
            throw new IllegalArgumentException("path: " + path + " (expected: /prefix, =/exact or ~pattern)");
        }
    }

    /** A host as requests are compared with it: in lower case, and without the root's dot. */
    public static String hostOf(String host) {
        String name = host.toLowerCase(Locale.ROOT);
        return name.endsWith(".") ? name.substring(0, name.length() - 1) : name;
    }

    boolean exactPath() {
        return path.startsWith("=");
    }

    @Nullable
    PathPattern pattern() {
        return PathPattern.ofPath(path);
    }

    String plainPath() {
        return path.startsWith("/") ? path : path.substring(1);
    }

    /** Exact paths before patterns before prefixes. */
    int kind() {
        return exactPath() ? 0 : path.startsWith("~") ? 1 : 2;
    }
}
