package io.plinth.kvcache.admin.keys;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import io.plinth.kit.admin.AdminRoutes;
import io.plinth.kit.admin.AdminRoutes.Response;
import io.plinth.kvcache.command.stats.HotList;
import io.plinth.kvcache.command.stats.HotList.Hot;
import io.plinth.kvcache.keyspace.store.Databases;
import java.io.IOException;
import java.io.StringWriter;
import java.io.UncheckedIOException;
import java.util.concurrent.CompletableFuture;

/** {@code GET /hotkeys}: the keys that are used most of late. */
public final class HotKeysRoute {
    private static final int SHOWN = 32;

    private final HotList keys;
    private final Databases databases;

    /** {@code databases}: what clients name those that keys are counted for. */
    public HotKeysRoute(HotList keys, Databases databases) {
        this.keys = keys;
        this.databases = databases;
    }

    /** Adds it. */
    public void register(AdminRoutes routes) {
        routes.route("GET", "/hotkeys", request -> CompletableFuture.completedFuture(Response.json(200, render())));
    }

    private String render() {
        StringWriter text = new StringWriter();
        try (JsonGenerator json = new JsonFactory().createGenerator(text)) {
            json.writeStartArray();
            for (Hot hot : keys.top(SHOWN)) {
                json.writeStartObject();
                json.writeStringField("key", KeyText.of(hot.key()));
                json.writeNumberField("database", databases.named(hot.db()));
                json.writeNumberField("uses_per_second", Math.round(hot.perSecond()));
                json.writeNumberField("freq", hot.frequency());
                json.writeEndObject();
            }
            json.writeEndArray();
        } catch (IOException e) {
            throw new UncheckedIOException("JSON in memory cannot fail", e);
        }
        return text + "\n";
    }
}
