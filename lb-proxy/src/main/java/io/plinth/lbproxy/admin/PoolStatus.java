package io.plinth.lbproxy.admin;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import io.plinth.kit.admin.AdminRoutes.Response;
import io.plinth.lbproxy.upstream.Pool;
import io.plinth.lbproxy.upstream.Server;
import java.io.IOException;
import java.io.StringWriter;
import java.io.UncheckedIOException;
import java.util.Collection;
import java.util.function.LongSupplier;
import java.util.function.Supplier;

/** The admin page of the pools: every server with its health. */
public final class PoolStatus {
    private final JsonFactory factory = new JsonFactory();
    private final Supplier<? extends Collection<Pool>> pools;
    private final LongSupplier nanoTime;

    public PoolStatus(Supplier<? extends Collection<Pool>> pools, LongSupplier nanoTime) {
        this.pools = pools;
        this.nanoTime = nanoTime;
    }

    /** Pools, servers and their state as JSON. */
    public Response answer() {
        StringWriter text = new StringWriter();
        try (JsonGenerator json = factory.createGenerator(text)) {
            json.writeStartObject();
            for (Pool pool : pools.get()) {
                json.writeObjectFieldStart(pool.name());
                for (Server server : pool.servers()) {
                    json.writeObjectFieldStart(server.name());
                    json.writeStringField(
                            "at",
                            server.address().getHostString() + ":"
                                    + server.address().getPort());
                    json.writeNumberField("weight", server.weight());
                    json.writeBooleanField("draining", server.draining());
                    json.writeNumberField("connections", server.connections());
                    json.writeBooleanField("healthy", server.healthy());
                    json.writeBooleanField("ejected", server.ejected(nanoTime.getAsLong()));
                    json.writeNumberField("ejections", server.ejections());
                    json.writeEndObject();
                }
                json.writeEndObject();
            }
            json.writeEndObject();
        } catch (IOException e) {
            throw new UncheckedIOException("JSON in memory cannot fail", e);
        }
        return Response.json(200, text + "\n");
    }
}
