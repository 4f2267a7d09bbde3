package io.plinth.kvcache.admin;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import io.plinth.kit.admin.AdminRoutes;
import io.plinth.kit.admin.AdminRoutes.Request;
import io.plinth.kit.admin.AdminRoutes.Response;
import io.plinth.kvcache.cluster.Member;
import io.plinth.kvcache.cluster.Topology;
import io.plinth.kvcache.command.NodeState;
import io.plinth.kvcache.keyspace.Entry;
import io.plinth.kvcache.keyspace.KeyRef;
import io.plinth.kvcache.keyspace.Keyspace;
import io.plinth.kvcache.keyspace.Segment;
import io.plinth.kvcache.keyspace.SegmentsHeldException;
import java.io.IOException;
import java.io.StringWriter;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/**
 * {@code GET /explain?key=K&db=N}: where a key lies and what is known of it, by the look-up that commands use, without counting
 * as a use.
 */
public final class ExplainRoute {
    private final NodeState node;

    public ExplainRoute(NodeState node) {
        this.node = node;
    }

    /** Adds it. */
    public void register(AdminRoutes routes) {
        routes.route("GET", "/explain", request -> CompletableFuture.completedFuture(explain(request)));
    }

    private Response explain(Request request) {
        String key = first(request, "key");
        if (key == null) {
            return Response.text(400, "key: missing (expected: /explain?key=K, or with &db=N)\n");
        }
        int db = database(first(request, "db"));
        if (db < 0) {
            return Response.text(
                    400, "db: " + first(request, "db") + " (expected: 0 to " + (Keyspace.DATABASES - 1) + ")\n");
        }
        byte[] bytes = key.getBytes(StandardCharsets.UTF_8);
        KeyRef ref = new KeyRef()
                .set(node.keyspace().hasher(), node.keyspace().databases().stored(db), bytes, 0, bytes.length);
        Segment segment = node.keyspace().segment(ref.slot());
        try {
            segment.lock();
        } catch (SegmentsHeldException held) {
            return Response.text(503, "a script holds the key's segment; ask again when it has ended\n");
        }
        try {
            long now = node.clock().millis();
            return Response.json(200, render(key, ref, segment.peek(ref, now), now));
        } finally {
            segment.unlock();
        }
    }

    private String render(String key, KeyRef ref, @Nullable Entry entry, long now) {
        StringWriter text = new StringWriter();
        try (JsonGenerator json = new JsonFactory().createGenerator(text)) {
            json.writeStartObject();
            json.writeStringField("key", key);
            json.writeNumberField("database", node.keyspace().databases().named(ref.db()));
            json.writeNumberField("slot", ref.slot());
            Topology topology = node.topology().get();
            Member owner = topology.owner(ref.slot());
            json.writeStringField("node", owner.name() + " " + owner.host() + ":" + owner.port());
            if (!topology.owns(ref.slot())) {
                json.writeStringField("here", "no: commands are answered with MOVED to that node");
            } else if (entry == null) {
                json.writeStringField("here", "no: absent or over");
            } else {
                json.writeStringField("here", "yes");
                json.writeStringField("type", entry.type().label());
                json.writeStringField("encoding", entry.encoding());
                json.writeNumberField("bytes", entry.bytes());
                if (entry.expireAt() != Entry.NEVER) {
                    json.writeNumberField("ttl_ms", entry.expireAt() - now);
                }
                json.writeNumberField("idle_seconds", node.keyspace().idleSeconds(entry, now));
                json.writeNumberField("uses_counted", entry.frequency());
                json.writeNumberField(
                        "uses_per_second", Math.round(node.stats().hotKeys().perSecond(ref.hash(), ref.db())));
            }
            for (Map.Entry<String, String> each :
                    node.settings().cachePolicy().explain(ref, entry, now).entrySet()) {
                json.writeStringField(each.getKey(), each.getValue());
            }
            json.writeEndObject();
        } catch (IOException e) {
            throw new UncheckedIOException("JSON in memory cannot fail", e);
        }
        return text + "\n";
    }

    private static int database(@Nullable String text) {
        if (text == null) {
            return 0;
        }
        try {
            int db = Integer.parseInt(text);
            return db < Keyspace.DATABASES ? db : -1;
        } catch (NumberFormatException e) {
            return -1;
        }
    }

    private static @Nullable String first(Request request, String name) {
        List<String> values = request.query().getOrDefault(name, List.of());
        return values.isEmpty() ? null : values.getFirst();
    }
}
