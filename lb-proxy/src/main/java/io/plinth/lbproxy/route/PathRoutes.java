package io.plinth.lbproxy.route;

import io.plinth.lbproxy.wire.http1.RequestHead;
import java.nio.charset.StandardCharsets;
import java.util.Comparator;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** The paths of one host, most specific first. Immutable. */
final class PathRoutes<T> {
    private static final byte[] ROOT = {'/'};

    private final List<RouteRule<T>> rules;
    private final byte[][] paths;
    private final boolean[] exact;
    private final @Nullable PathPattern[] patterns;

    PathRoutes(List<RouteRule<T>> rules) {
        this.rules = rules.stream()
                .sorted(Comparator.comparingInt((RouteRule<T> rule) -> rule.kind())
                        .thenComparingInt(rule -> -rule.plainPath().length())
                        .thenComparing(RouteRule::path)
                        .thenComparingInt(rule -> -rule.conditions().count())
                        .thenComparing(RouteRule::name))
                .toList();
        paths = new byte[this.rules.size()][];
        exact = new boolean[this.rules.size()];
        patterns = new PathPattern[this.rules.size()];
        for (int i = 0; i < paths.length; i++) {
            RouteRule<T> rule = this.rules.get(i);
            paths[i] = rule.plainPath().getBytes(StandardCharsets.UTF_8);
            exact[i] = rule.exactPath();
            patterns[i] = rule.pattern();
        }
    }

    @Nullable
    RouteRule<T> match(RequestHead head, @Nullable Explanation why) {
        byte[] bytes = head.bytes();
        int from = head.path();
        int to = head.pathEnd();
        if (from == to || bytes[from] == '*') {
            // An absolute target without a path, and the asterisk of OPTIONS, are for the root.
            bytes = ROOT;
            from = 0;
            to = 1;
        }
        String text = null;
        for (int i = 0; i < paths.length; i++) {
            RouteRule<T> rule = rules.get(i);
            PathPattern pattern = patterns[i];
            boolean fits;
            if (pattern == null) {
                fits = matches(paths[i], exact[i], bytes, from, to);
            } else {
                text = text == null ? new String(bytes, from, to - from, StandardCharsets.ISO_8859_1) : text;
                fits = pattern.matches(text);
            }
            if (fits && rule.conditions().met(head)) {
                return rule;
            }
            if (why != null) {
                why.add("route " + rule.name() + " no: "
                        + (fits ? "not met: " + rule.conditions().unmet(head) : "path is not " + rule.path()));
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
