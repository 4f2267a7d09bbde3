package io.plinth.lbproxy.route;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * Finds the most specific rule: the host itself before {@code *.} patterns, the longest of these first, before rules
 * for any host; among one host's, exact paths before prefixes, longer prefixes first. A host none of whose paths fits
 * falls through to the next less specific one. Immutable.
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

    /**
     * The target for a host, which may carry a port, and a path without query.
     *
     * @param host the bytes that hold the host, {@code [hostFrom, hostTo)}
     * @param path the bytes that hold the path, {@code [pathFrom, pathTo)}
     */
    public @Nullable T match(byte[] host, int hostFrom, int hostTo, byte[] path, int pathFrom, int pathTo) {
        int end = nameEnd(host, hostFrom, hostTo);
        PathRoutes<T> routes = exact.find(host, hostFrom, end);
        T target = routes == null ? null : routes.match(path, pathFrom, pathTo);
        if (target != null) {
            return target;
        }
        if (hasBelow) {
            for (int i = hostFrom; i < end; i++) {
                if (host[i] == '.') {
                    routes = below.find(host, i + 1, end);
                    target = routes == null ? null : routes.match(path, pathFrom, pathTo);
                    if (target != null) {
                        return target;
                    }
                }
            }
        }
        return any.match(path, pathFrom, pathTo);
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
