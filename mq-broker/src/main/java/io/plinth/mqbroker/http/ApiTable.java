package io.plinth.mqbroker.http;

import io.plinth.mqbroker.auth.User;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import java.util.concurrent.CompletionStage;
import org.jspecify.annotations.Nullable;

/** The routes by path, and who may take them. Filled before the server starts. */
public final class ApiTable {
    /** Who may take a route; each includes those behind it. */
    public enum Level {
        /** Nobody need say who it is. */
        ANYONE,
        MANAGEMENT,
        POLICYMAKER,
        MONITORING,
        ADMINISTRATOR;

        boolean admits(User user) {
            boolean administrator = user.is(User.ADMINISTRATOR);
            boolean monitoring = user.is(User.MONITORING);
            boolean policymaker = user.is(User.POLICYMAKER);
            return switch (this) {
                case ANYONE -> true;
                case MANAGEMENT -> administrator || monitoring || policymaker || user.is(User.MANAGEMENT);
                case POLICYMAKER -> administrator || policymaker;
                case MONITORING -> administrator || monitoring;
                case ADMINISTRATOR -> administrator;
            };
        }
    }

    /** What a route does; nothing in it blocks. */
    @FunctionalInterface
    public interface Handler {
        CompletionStage<ApiResponse> handle(ApiCall call);
    }

    record Route(List<String> path, Level level, Handler handler) {}

    record Found(Route route, Map<String, String> names) {}

    private final Map<String, List<Route>> byMethod = new LinkedHashMap<>();

    /** Adds a route; names in braces match one part of the path. */
    public void add(String method, String path, Level level, Handler handler) {
        byMethod.computeIfAbsent(method, ignored -> new ArrayList<>())
                .add(new Route(List.of(path.split("/", -1)), level, handler));
    }

    /** The route of a path, decoded part by part, or null. */
    @Nullable
    Found find(String method, List<String> path) {
        for (Route route : byMethod.getOrDefault(method, List.of())) {
            Map<String, String> names = match(route.path(), path);
            if (names != null) {
                return new Found(route, names);
            }
        }
        return null;
    }

    private static @Nullable Map<String, String> match(List<String> template, List<String> path) {
        if (template.size() != path.size()) {
            return null;
        }
        Map<String, String> names = new LinkedHashMap<>();
        for (int i = 0; i < path.size(); i++) {
            String part = template.get(i);
            if (part.startsWith("{")) {
                names.put(part.substring(1, part.length() - 1), path.get(i));
            } else if (!part.equals(path.get(i))) {
                return null;
            }
        }
        return names;
    }

    /** The methods a path has. */
    List<String> methods(List<String> path) {
        TreeSet<String> methods = new TreeSet<>();
        byMethod.keySet().forEach(method -> {
            if (find(method, path) != null) {
                methods.add(method);
            }
        });
        return List.copyOf(methods);
    }
}
