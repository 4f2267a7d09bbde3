package io.plinth.dbproxy.admin;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import io.plinth.dbproxy.database.Database;
import io.plinth.dbproxy.database.Explanation;
import io.plinth.kit.admin.AdminRoutes;
import java.io.IOException;
import java.io.StringWriter;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;

/** {@code GET /explain?sql=...&database=...}: where statements would go, and why. Stateless. */
final class ExplainPage {
    private static final JsonFactory JSON = new JsonFactory();

    private ExplainPage() {}

    static AdminRoutes.Response answer(Map<String, List<String>> query, Map<String, Database> databases) {
        String sql = first(query, "sql");
        String name = first(query, "database");
        Database database = name.isEmpty() && databases.size() == 1
                ? databases.values().iterator().next()
                : databases.get(name);
        if (sql.isEmpty() || database == null) {
            return AdminRoutes.Response.text(
                    400,
                    sql.isEmpty()
                            ? "explain: no statement (expected: ?sql=SELECT...)\n"
                            : "explain: database " + name + " (expected: one of " + new TreeSet<>(databases.keySet())
                                    + ", as &database=)\n");
        }
        return AdminRoutes.Response.json(
                200,
                json(
                        Explanation.of(database, sql.getBytes(StandardCharsets.UTF_8), first(query, "user")),
                        database.name()));
    }

    private static String first(Map<String, List<String>> query, String name) {
        List<String> values = query.getOrDefault(name, List.of());
        return values.isEmpty() ? "" : values.getFirst();
    }

    private static String json(List<Explanation> statements, String database) {
        StringWriter text = new StringWriter();
        try (JsonGenerator out = JSON.createGenerator(text)) {
            out.writeStartObject();
            out.writeStringField("database", database);
            out.writeArrayFieldStart("statements");
            for (Explanation statement : statements) {
                out.writeStartObject();
                out.writeStringField("kind", statement.kind());
                array(out, "tables", statement.tables());
                array(out, "shards", statement.shards());
                out.writeStringField("server", statement.server());
                out.writeStringField("why", statement.why());
                if (!statement.refused().isEmpty()) {
                    out.writeStringField("refused", statement.refused());
                }
                out.writeEndObject();
            }
            out.writeEndArray();
            out.writeEndObject();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return text + "\n";
    }

    private static void array(JsonGenerator out, String name, List<String> values) throws IOException {
        out.writeArrayFieldStart(name);
        for (String value : values) {
            out.writeString(value);
        }
        out.writeEndArray();
    }
}
