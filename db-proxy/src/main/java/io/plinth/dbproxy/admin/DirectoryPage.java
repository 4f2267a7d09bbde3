package io.plinth.dbproxy.admin;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import io.plinth.dbproxy.database.Database;
import io.plinth.dbproxy.shard.DirectoryStore;
import io.plinth.dbproxy.shard.KeyType;
import io.plinth.dbproxy.shard.Scheme;
import io.plinth.dbproxy.shard.ShardedTable;
import io.plinth.kit.admin.AdminRoutes.Response;
import java.io.IOException;
import java.io.StringWriter;
import java.io.UncheckedIOException;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Lookup tables: {@code GET /directory?table=T} shows the first thousand entries from {@code &from=} on,
 * {@code POST /directory?table=T&key=K&shard=S} says where the rows of a key are, and without a shard takes the key out. It
 * moves no rows.
 */
final class DirectoryPage {
    private static final JsonFactory JSON = new JsonFactory();
    private static final int PAGE = 1000;
    private static final int LONGEST_KEY = 1000;

    private final Supplier<Map<String, Database>> databases;
    private final DirectoryStore store;

    DirectoryPage(Supplier<Map<String, Database>> databases, DirectoryStore store) {
        this.databases = databases;
        this.store = store;
    }

    private record Found(Database database, Scheme.Looked scheme, KeyType type) {}

    private @Nullable Found find(Map<String, List<String>> query) {
        Map<String, Database> all = databases.get();
        String name = first(query, "database");
        Database database =
                name.isEmpty() && all.size() == 1 ? all.values().iterator().next() : all.get(name);
        ShardedTable table =
                database == null ? null : database.topology().tables().get(first(query, "table"));
        return table != null && database != null && table.scheme() instanceof Scheme.Looked looked
                ? new Found(database, looked, table.columns().getFirst().type())
                : null;
    }

    private static Response unknown() {
        return Response.text(
                400,
                "directory: no such table (expected: ?table=NAME of one with by: directory, and"
                        + " &database= where there are several)\n");
    }

    Response show(Map<String, List<String>> query) {
        Found found = find(query);
        if (found == null) {
            return unknown();
        }
        StringWriter text = new StringWriter();
        try (JsonGenerator out = JSON.createGenerator(text)) {
            out.writeStartObject();
            out.writeStringField("directory", found.scheme.name());
            out.writeNumberField("entries", found.scheme.directory().size());
            out.writeObjectFieldStart("shards");
            for (Map.Entry<String, String> entry :
                    found.scheme.directory().from(first(query, "from"), PAGE).entrySet()) {
                out.writeStringField(entry.getKey(), entry.getValue());
            }
            out.writeEndObject();
            out.writeEndObject();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return Response.json(200, text + "\n");
    }

    CompletionStage<Response> change(Map<String, List<String>> query) {
        Found found = find(query);
        String key = first(query, "key");
        String shard = first(query, "shard");
        if (found == null) {
            return CompletableFuture.completedFuture(unknown());
        }
        Object value = key.isEmpty() || key.length() > LONGEST_KEY ? null : found.type.value(key);
        if (value == null) {
            return CompletableFuture.completedFuture(
                    Response.text(400, "key: '" + key + "' (expected: a " + found.type.name() + ")\n"));
        }
        List<String> shards = found.database.topology().shards();
        if (!shard.isEmpty() && !shards.contains(shard)) {
            return CompletableFuture.completedFuture(
                    Response.text(400, "shard: " + shard + " (expected: one of " + shards + ", or none)\n"));
        }
        return store.put(
                        found.database.name(),
                        found.scheme.name(),
                        found.type.text(value),
                        shard.isEmpty() ? null : shard.intern())
                .thenApply(done -> done
                        ? Response.text(200, "ok\n")
                        : Response.text(
                                507,
                                "directory: " + found.scheme.directory().size()
                                        + " entries (expected: room for one more, directory-entries)\n"));
    }

    private static String first(Map<String, List<String>> query, String name) {
        List<String> values = query.getOrDefault(name, List.of());
        return values.isEmpty() ? "" : values.getFirst();
    }
}
