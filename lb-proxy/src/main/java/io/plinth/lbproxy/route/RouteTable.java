package io.plinth.lbproxy.route;

import io.plinth.lbproxy.wire.http1.HeaderName;
import io.plinth.lbproxy.wire.http1.RequestHead;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * Finds the most specific rule: the host itself before {@code *.} patterns, the longest of these first, before rules
 * for any host; among one host's, exact paths before patterns before prefixes, longer ones first, and among equal paths
 * the rule with more conditions. A host none of whose rules fits falls through to the next less specific one. Immutable.
 */
public final class RouteTable<T> {
    private final HostMap<T> exact;
    private final HostMap<T> below;
    private final boolean hasBelow;
    private final PathRoutes<T> any;

    public RouteTable(List<RouteRule<T>> rules) {
        exact = new HostMap<>(
                byHost(rules, rule -> !rule.host().isEmpty() && !rule.host().startsWith("*."), 0));
        below = new HostMap<>(byHost(rules, rule -> rule.host().startsWith("*."), 2));
        hasBelow = !below.isEmpty();
        any = new PathRoutes<>(
                rules.stream().filter(rule -> rule.host().isEmpty()).toList());
    }

    private static <T> Map<String, PathRoutes<T>> byHost(
            List<RouteRule<T>> rules, Predicate<RouteRule<T>> which, int prefix) {
        Map<String, List<RouteRule<T>>> grouped = rules.stream()
                .filter(which)
                .collect(Collectors.groupingBy(
                        rule -> rule.host().substring(prefix), Collectors.toCollection(ArrayList::new)));
        return grouped.entrySet().stream()
                .collect(Collectors.toMap(Map.Entry::getKey, entry -> new PathRoutes<>(entry.getValue())));
    }

    /** The target for a request whose head is right. */
    public @Nullable T match(RequestHead head) {
        RouteRule<T> rule = rule(head, null);
        return rule == null ? null : rule.target();
    }

    /**
     * The rule for a request whose head is right.
     *
     * @param why told about every rule that was looked at; null on the way of a request
     */
    public @Nullable RouteRule<T> rule(RequestHead head, @Nullable Explanation why) {
        byte[] bytes = head.bytes();
        int from = 0;
        int end = 0;
        if (head.has(HeaderName.HOST)) {
            int field = head.first(HeaderName.HOST);
            from = head.valueStart(field);
            end = nameEnd(bytes, from, head.valueEnd(field));
        }
        PathRoutes<T> routes = exact.find(bytes, from, end);
        RouteRule<T> found = routes == null ? null : routes.match(head, why);
        if (found != null) {
            return found;
        }
        if (hasBelow) {
            for (int i = from; i < end; i++) {
                if (bytes[i] == '.') {
                    routes = below.find(bytes, i + 1, end);
                    found = routes == null ? null : routes.match(head, why);
                    if (found != null) {
                        return found;
                    }
                }
            }
        }
        return any.match(head, why);
    }

    /** Where the name ends: before the port and a root dot. */
    private static int nameEnd(byte[] host, int from, int to) {
        int end = to;
        for (int i = to - 1; i >= from && (host[i] == ':' || (host[i] >= '0' && host[i] <= '9')); i--) {
            if (host[i] == ':') {
                end = i;
                break;
            }
        }
        return end > from && host[end - 1] == '.' ? end - 1 : end;
    }
}
