package io.plinth.kit.admin;

import io.plinth.kit.admin.AdminRoutes.Request;
import io.plinth.kit.admin.AdminRoutes.Response;
import java.util.Map;
import java.util.SortedSet;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.CompletionStage;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/** Handlers by path and method. Immutable; {@link #with} makes the next one. */
final class RouteTable {
    private final TreeMap<String, Map<String, Function<Request, CompletionStage<Response>>>> paths;

    RouteTable() {
        this(new TreeMap<>());
    }

    private RouteTable(TreeMap<String, Map<String, Function<Request, CompletionStage<Response>>>> paths) {
        this.paths = paths;
    }

    RouteTable with(String method, String path, Function<Request, CompletionStage<Response>> handler) {
        TreeMap<String, Map<String, Function<Request, CompletionStage<Response>>>> next = new TreeMap<>(paths);
        Map<String, Function<Request, CompletionStage<Response>>> methods =
                new TreeMap<>(paths.getOrDefault(path, Map.of()));
        if (methods.put(method, handler) != null) {
            throw new IllegalArgumentException("route: " + method + " " + path + " (expected: registered once)");
        }
        next.put(path, methods);
        return new RouteTable(next);
    }

    /** The methods of a path: its own, else those of the longest prefix route; null where there is none. */
    @Nullable
    Map<String, Function<Request, CompletionStage<Response>>> methods(String path) {
        Map<String, Function<Request, CompletionStage<Response>>> exact = paths.get(path);
        for (int slash = path.lastIndexOf('/'); exact == null && slash >= 0; slash = path.lastIndexOf('/', slash - 1)) {
            exact = paths.get(path.substring(0, slash) + "/*");
        }
        return exact;
    }

    SortedSet<String> known() {
        return new TreeSet<>(paths.keySet());
    }
}
