package io.plinth.lbproxy.discovery;

import io.plinth.kit.admin.AdminRoutes;
import io.plinth.kit.admin.AdminRoutes.Request;
import io.plinth.kit.admin.AdminRoutes.Response;
import io.plinth.kit.config.HostPort;
import java.net.InetSocketAddress;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;

/**
 * What an operator may do to a pool's servers: {@code POST /pools/add?pool=web&server=s9&at=10.0.0.9:80&weight=2}, and
 * {@code drain}, {@code ready}, {@code weigh}, {@code remove} and {@code restore} in the same way.
 */
public final class ServerControl {
    private static final int MAX_WEIGHT = 1_000;

    private enum Verb {
        ADD,
        DRAIN,
        READY,
        WEIGH,
        REMOVE,
        RESTORE
    }

    private final Discovery discovery;

    public ServerControl(Discovery discovery) {
        this.discovery = discovery;
    }

    /** Adds its routes. */
    public void register(AdminRoutes routes) {
        for (Verb verb : Verb.values()) {
            routes.route("POST", "/pools/" + verb.name().toLowerCase(Locale.ROOT), request -> answer(verb, request));
        }
    }

    private CompletionStage<Response> answer(Verb verb, Request request) {
        return CompletableFuture.supplyAsync(() -> act(verb, request), discovery.thread())
                .exceptionally(error -> {
                    Throwable cause = error.getCause() == null ? error : error.getCause();
                    return Response.text(400, cause.getMessage() + "\n");
                });
    }

    private Response act(Verb verb, Request request) {
        String pool = value(request, "pool");
        String server = value(request, "server");
        Membership membership = discovery.membership(pool);
        if (membership == null) {
            throw new IllegalArgumentException("pool: " + pool + " (expected: one of the file's)");
        }
        if (verb != Verb.ADD && verb != Verb.RESTORE && !membership.has(server)) {
            throw new IllegalArgumentException("server: " + server + " (expected: one of pool " + pool + ")");
        }
        switch (verb) {
            case ADD -> {
                InetSocketAddress at = address(value(request, "at"));
                int weight = request.query().containsKey("weight") ? weight(request) : 1;
                if (!server.matches("[A-Za-z0-9._:-]{1,100}")) {
                    throw new IllegalArgumentException("server: " + server + " (expected: a name)");
                }
                discovery.change(pool, each -> each.add(server, at, weight));
            }
            case DRAIN -> discovery.change(pool, each -> each.drain(server, true));
            case READY -> discovery.change(pool, each -> each.drain(server, false));
            case WEIGH -> {
                int weight = weight(request);
                discovery.change(pool, each -> each.weigh(server, weight));
            }
            case REMOVE -> discovery.change(pool, each -> each.remove(server));
            case RESTORE -> discovery.change(pool, each -> each.restore(server));
        }
        return Response.text(
                200, "pool " + pool + ", server " + server + ": " + verb.name().toLowerCase(Locale.ROOT) + "\n");
    }

    private static String value(Request request, String name) {
        List<String> values = request.query().getOrDefault(name, List.of());
        if (values.size() != 1 || values.getFirst().isEmpty()) {
            throw new IllegalArgumentException(name + ": " + values + " (expected: one value)");
        }
        return values.getFirst();
    }

    private static InetSocketAddress address(String text) {
        HostPort at = HostPort.parse(text);
        InetSocketAddress address = new InetSocketAddress(at.host(), at.port());
        if (address.isUnresolved()) {
            throw new IllegalArgumentException("at: " + text + " (expected: a host that can be resolved)");
        }
        return address;
    }

    private static int weight(Request request) {
        String text = value(request, "weight");
        try {
            int weight = Integer.parseInt(text);
            if (weight >= 1 && weight <= MAX_WEIGHT) {
                return weight;
            }
        } catch (NumberFormatException e) {
            throw new IllegalArgumentException("weight: " + text + " (expected: 1 to 1000)", e);
        }
        throw new IllegalArgumentException("weight: " + text + " (expected: 1 to 1000)");
    }
}
