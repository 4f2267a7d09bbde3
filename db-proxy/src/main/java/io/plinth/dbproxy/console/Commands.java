package io.plinth.dbproxy.console;

import io.netty.channel.EventLoop;
import io.plinth.dbproxy.client.ClientConnection;
import io.plinth.dbproxy.database.Database;
import io.plinth.dbproxy.pool.PoolView;
import io.plinth.dbproxy.server.ServerKey;
import io.plinth.dbproxy.wire.SqlError;
import io.plinth.dbproxy.wire.SqlException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import java.util.function.Predicate;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** Runs the commands of one operator. Stateless but for who that is. */
final class Commands {
    private static final Pattern WORD = Pattern.compile("\"((?:[^\"]|\"\")*)\"|([^\\s;]+)");
    private static final long ROUND_MILLIS = 20;
    private static final List<String> HARMLESS =
            List.of("client_encoding", "application_name", "extra_float_digits", "datestyle", "timezone");

    private final Operations operations;
    private final Tables tables;
    private final boolean admin;
    private final EventLoop loop;

    /** {@code admin} is whether the operator may do more than look; {@code loop} is the conversation's. */
    Commands(Operations operations, Tables tables, boolean admin, EventLoop loop) {
        this.operations = operations;
        this.tables = tables;
        this.admin = admin;
        this.loop = loop;
    }

    /** What a command that failed is told about. */
    static SqlError error(@Nullable Throwable failure) {
        Throwable cause =
                failure instanceof CompletionException && failure.getCause() != null ? failure.getCause() : failure;
        return cause instanceof SqlException sql ? sql.error() : SqlError.of("XX000", String.valueOf(cause));
    }

    /** {@code wanted} is asked while it waits: whether the operator is still there. */
    CompletionStage<Reply> run(String text, BooleanSupplier wanted) {
        try {
            List<String> words = words(text);
            if (words.isEmpty()) {
                throw invalid(text);
            }
            String verb = words.getFirst().toLowerCase(Locale.ROOT);
            if (verb.equals("show") && words.size() == 2) {
                return tables.show(words.get(1).toLowerCase(Locale.ROOT), text.strip());
            }
            if (verb.equals("set")) {
                return now(set(text, words));
            }
            return operate(verb, words, text, wanted);
        } catch (SqlException e) {
            return CompletableFuture.failedFuture(e);
        }
    }

    private CompletionStage<Reply> operate(String verb, List<String> words, String text, BooleanSupplier wanted)
            throws SqlException {
        if (!List.of(
                        "pause",
                        "resume",
                        "reconnect",
                        "kill",
                        "kill_client",
                        "wait_close",
                        "reload",
                        "disable",
                        "enable",
                        "suspend",
                        "shutdown")
                .contains(verb)) {
            throw invalid(text);
        }
        if (!admin) {
            throw new SqlException("42501", "admin access needed");
        }
        List<Database> picked = pick(words.size() > 1 ? words.get(1) : null, verb, text);
        Predicate<ServerKey> servers =
                key -> picked.stream().anyMatch(each -> each.name().equals(key.owner()));
        return switch (verb) {
            case "pause" -> pause(picked, servers, wanted);
            case "resume" -> now(resume(picked, words.size() > 1));
            case "reconnect" -> {
                operations.pools().retire(servers);
                yield now(Reply.done("RECONNECT"));
            }
            case "kill" -> kill(picked, servers);
            case "kill_client" -> now(killClient(words.get(1)));
            case "wait_close" -> until("WAIT_CLOSE", servers, view -> view.retired() == 0, () -> {}, wanted);
            case "reload" -> reload();
            case "disable", "enable" -> {
                picked.forEach(database -> database.gate().shut(verb.equals("disable")));
                yield now(Reply.done(verb.toUpperCase(Locale.ROOT)));
            }
            default ->
                throw new SqlException(new SqlError(
                        SqlError.NOT_SUPPORTED,
                        verb.toUpperCase(Locale.ROOT) + " is not done from the console",
                        verb.equals("shutdown")
                                ? "Stop the node: plinth stop, or SIGTERM to its process."
                                : "Use PAUSE; to replace the process, plinth restart hands its sockets over."));
        };
    }

    private static List<String> words(String text) {
        List<String> words = new ArrayList<>();
        Matcher matcher = WORD.matcher(text);
        while (matcher.find()) {
            String quoted = matcher.group(1);
            words.add(quoted == null ? matcher.group(2) : quoted.replace("\"\"", "\""));
        }
        return words;
    }

    static SqlException invalid(String text) {
        return new SqlException(SqlError.PROTOCOL_VIOLATION, "invalid command '" + text.strip() + "', use SHOW HELP;");
    }

    private static CompletionStage<Reply> now(Reply reply) {
        return CompletableFuture.completedFuture(reply);
    }

    /** What drivers set by themselves is taken; the proxy's own settings are in its file. */
    private static Reply set(String text, List<String> words) throws SqlException {
        String name =
                words.size() < 2 ? "" : words.get(1).toLowerCase(Locale.ROOT).replaceAll("=.*", "");
        if (!HARMLESS.contains(name)) {
            throw new SqlException(new SqlError(
                    SqlError.NOT_SUPPORTED,
                    "'" + text.strip() + "': settings are not changed from the console",
                    "Change the file, then RELOAD."));
        }
        return Reply.done("SET");
    }

    private List<Database> pick(@Nullable String name, String verb, String text) throws SqlException {
        Map<String, Database> all = operations.databases().get();
        if (verb.equals("kill_client")) {
            if (name == null) {
                throw invalid(text);
            }
            return List.of();
        }
        if (name == null) {
            if (verb.equals("disable") || verb.equals("enable")) {
                throw new SqlException(SqlError.PROTOCOL_VIOLATION, "a database is required");
            }
            return List.copyOf(all.values());
        }
        Database found = all.get(name);
        if (found == null) {
            throw new SqlException(SqlError.PROTOCOL_VIOLATION, "no such database: " + name);
        }
        return List.of(found);
    }

    private CompletionStage<Reply> pause(List<Database> picked, Predicate<ServerKey> servers, BooleanSupplier wanted)
            throws SqlException {
        boolean changed = false;
        for (Database database : picked) {
            changed |= database.gate().pause();
        }
        if (!changed) {
            throw new SqlException(SqlError.PROTOCOL_VIOLATION, "already suspended/paused");
        }
        return until(
                "PAUSE",
                servers,
                view -> view.connections().isEmpty() && view.connecting() == 0,
                () -> operations.pools().retire(servers),
                wanted);
    }

    private static Reply resume(List<Database> picked, boolean named) throws SqlException {
        boolean changed = false;
        for (Database database : picked) {
            changed |= database.gate().resume();
        }
        if (!changed) {
            throw new SqlException(
                    SqlError.PROTOCOL_VIOLATION,
                    named
                            ? "database " + picked.getFirst().name() + " is not paused"
                            : "pooler is not paused/suspended");
        }
        return Reply.done("RESUME");
    }

    private CompletionStage<Reply> kill(List<Database> picked, Predicate<ServerKey> servers) {
        picked.forEach(database -> database.gate().pause());
        operations
                .clients()
                .kill(client -> picked.stream().anyMatch(each -> each == client.database()), "database removed");
        operations.pools().kill(servers);
        return now(Reply.done("KILL"));
    }

    private Reply killClient(String id) throws SqlException {
        Predicate<ClientConnection> named =
                client -> String.valueOf(client.id()).equals(id);
        if (operations.clients().kill(named, "terminated by an operator") == 0) {
            throw new SqlException(SqlError.PROTOCOL_VIOLATION, "client not found: " + id);
        }
        return Reply.done("KILL_CLIENT");
    }

    private CompletionStage<Reply> reload() {
        return operations.reload().get().thenApply(response -> {
            if (response.status() != 200) {
                throw new CompletionException(new SqlException(
                        SqlError.PROTOCOL_VIOLATION,
                        "RELOAD failed: " + new String(response.body(), StandardCharsets.UTF_8).strip()));
            }
            return Reply.done("RELOAD");
        });
    }

    /** Looks at the pools from time to time until {@code done} holds for each. */
    private CompletionStage<Reply> until(
            String tag, Predicate<ServerKey> which, Predicate<PoolView> done, Runnable before, BooleanSupplier wanted) {
        CompletableFuture<Reply> reply = new CompletableFuture<>();
        round(reply, Reply.done(tag), which, done, before, wanted);
        return reply;
    }

    private void round(
            CompletableFuture<Reply> reply,
            Reply answer,
            Predicate<ServerKey> which,
            Predicate<PoolView> done,
            Runnable before,
            BooleanSupplier wanted) {
        before.run();
        operations.pools().views().whenComplete((views, failure) -> {
            if (failure != null || !wanted.getAsBoolean()) {
                reply.completeExceptionally(new SqlException(SqlError.QUERY_CANCELED, "nobody waits for it any more"));
            } else if (views.stream().filter(view -> which.test(view.key())).allMatch(done)) {
                reply.complete(answer);
            } else {
                loop.schedule(
                        () -> round(reply, answer, which, done, before, wanted), ROUND_MILLIS, TimeUnit.MILLISECONDS);
            }
        });
    }
}
