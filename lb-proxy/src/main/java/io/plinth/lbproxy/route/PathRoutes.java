package io.plinth.lbproxy.route;

import java.nio.charset.StandardCharsets;
import java.util.Comparator;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** The paths of one host, most specific first. Immutable. */
final class PathRoutes<T> {
    private final byte[][] paths;
    private final boolean[] exact;
    private final List<T> targets;

    PathRoutes(List<RouteRule<T>> rules) {
        List<RouteRule<T>> sorted = rules.stream()
                .sorted(Comparator.comparing((RouteRule<T> rule) -> !rule.exactPath())
                        .thenComparingInt(rule -> -rule.plainPath().length()))
                .toList();
        paths = new byte[sorted.size()][];
        exact = new boolean[sorted.size()];
        targets = sorted.stream().map(RouteRule::target).toList();
        for (int i = 0; i < paths.length; i++) {
            paths[i] = sorted.get(i).plainPath().getBytes(StandardCharsets.UTF_8);
            exact[i] = sorted.get(i).exactPath();
        }
    }

    @Nullable
    T match(byte[] bytes, int from, int to) {
        for (int i = 0; i < paths.length; i++) {
            if (matches(paths[i], exact[i], bytes, from, to)) {
                return targets.get(i);
            }
        }
        return null;
    }

    private static boolean matches(byte[] path, boolean exact, byte[] bytes, int from, int to) {
        int length = to - from;
        if (length < path.length || (exact && length != path.length)) {
            return false;
        }
        for (int i = 0; i < path.length; i++) {
            if (path[i] != bytes[from + i]) {
                return false;
            }
        }
        return length == path.length || path[path.length - 1] == '/' || bytes[from + path.length] == '/';
    }
}
