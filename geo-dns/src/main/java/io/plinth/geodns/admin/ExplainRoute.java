package io.plinth.geodns.admin;

import io.netty.util.NetUtil;
import io.plinth.geodns.answer.Snapshot;
import io.plinth.geodns.policy.Health;
import io.plinth.geodns.wire.Name;
import io.plinth.geodns.wire.RecordType;
import io.plinth.kit.admin.AdminRoutes;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.function.Supplier;

/** {@code GET /explain?name=www.shop.example&from=192.0.2.1&type=A}: what a client there is answered, and why. */
public final class ExplainRoute {
    private final Supplier<Snapshot> snapshot;
    private final Health health;

    /** Explains the snapshot in use. */
    public ExplainRoute(Supplier<Snapshot> snapshot, Health health) {
        this.snapshot = snapshot;
        this.health = health;
    }

    /** Adds the route. */
    public void register(AdminRoutes routes) {
        routes.route("GET", "/explain", this::handle);
    }

    private CompletionStage<AdminRoutes.Response> handle(AdminRoutes.Request request) {
        return CompletableFuture.completedStage(explain(request.query()));
    }

    private AdminRoutes.Response explain(Map<String, List<String>> query) {
        try {
            Name name = Name.parse(parameter(query, "name", ""));
            String ip = parameter(query, "from", parameter(query, "ip", ""));
            byte[] address = NetUtil.createByteArrayFromIpAddressString(ip);
            if (address == null) {
                throw new IllegalArgumentException("from: " + ip + " (expected: the client's IPv4 or IPv6 address)");
            }
            String typeText = parameter(query, "type", "A");
            int type = RecordType.code(typeText);
            if (type < 0) {
                throw new IllegalArgumentException("type: " + typeText + " (expected: a record type such as A)");
            }
            Explanation explanation = new Explanation(snapshot.get(), health);
            return AdminRoutes.Response.json(200, explanation.of(name, type, address));
        } catch (IllegalArgumentException e) {
            return AdminRoutes.Response.text(
                    400, e.getMessage() + "\nusage: /explain?name=www.shop.example&from=192.0.2.1[&type=AAAA]\n");
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static String parameter(Map<String, List<String>> query, String name, String fallback) {
        List<String> values = query.getOrDefault(name, List.of());
        return values.isEmpty() ? fallback : values.getFirst();
    }
}
