package io.plinth.dbproxy.client;

import io.netty.channel.EventLoop;
import io.plinth.dbproxy.commit.PreparedCommit;
import io.plinth.dbproxy.database.Database;
import io.plinth.dbproxy.server.CancelSender;
import io.plinth.dbproxy.server.PreparedStatement;
import io.plinth.dbproxy.server.ServerConnection;
import io.plinth.dbproxy.server.ServerKey;
import io.plinth.dbproxy.server.Settings;
import io.plinth.dbproxy.wire.SqlError;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.Consumer;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * Runs a definition on every shard, or the parts of a statement each on its own: in a transaction on each, committed only
 * when all have it. Owned by the session's event loop; used once. Without two-phase commit, a commit that fails after another
 * one succeeded cannot be undone, and is told shard by shard.
 */
final class Broadcast {
    private enum Phase {
        GATHERING,
        DEFINING,
        /** Commits and rollbacks are not cancelled. */
        ENDING
    }

    private final Servers servers;
    private final Settings settings;
    private final Map<String, String> sql;
    private final List<String> shards;
    private final boolean transactional;
    private final EventLoop loop;
    private final List<ServerConnection> held = new ArrayList<>();
    private final List<String> done = new ArrayList<>();
    private Consumer<String> succeeded = tag -> {};
    private Consumer<SqlError> failed = error -> {};
    private String tag = "";
    private Phase phase = Phase.GATHERING;
    private @Nullable Function<List<PreparedCommit.Part>, PreparedCommit> together;
    private @Nullable SqlError cancelled;
    private @Nullable ServerConnection running;

    /** {@code sql} by shard; shards are asked in its order, which is the same for all. */
    Broadcast(Servers servers, Settings settings, Map<String, String> sql, boolean transactional, EventLoop loop) {
        this.servers = servers;
        this.settings = settings;
        this.sql = sql;
        this.shards = List.copyOf(sql.keySet());
        this.loop = loop;
        this.transactional = transactional;
    }

    static Broadcast definition(
            Database database, Servers servers, Settings settings, PreparedStatement definition, EventLoop loop) {
        String sql = new String(definition.sql(), StandardCharsets.UTF_8);
        Map<String, String> all = new LinkedHashMap<>();
        database.topology().shards().forEach(shard -> all.put(shard, sql));
        String lower = sql.toLowerCase(Locale.ROOT);
        boolean transactional = !lower.contains("concurrently") && !lower.contains("vacuum");
        return new Broadcast(servers, settings, all, transactional, loop);
    }

    /** Has the shards commit all or none, by what {@code commit} makes of them; before {@link #run}. */
    void committed(Function<List<PreparedCommit.Part>, PreparedCommit> commit) {
        together = commit;
    }

    void run(Consumer<String> onSuccess, Consumer<SqlError> onFailure) {
        assert loop.inEventLoop() : "broadcast off its event loop";
        succeeded = onSuccess;
        failed = onFailure;
        servers.passGate(() -> gather(0));
    }

    /** The client does not want it any more, or is gone: nothing is kept, unless commits have begun. */
    void cancel(CancelSender sender) {
        assert loop.inEventLoop() : "broadcast off its event loop";
        if (phase == Phase.ENDING || cancelled != null) {
            return;
        }
        SqlError error = SqlError.of(SqlError.QUERY_CANCELED, "canceling statement due to user request");
        cancelled = error;
        ServerConnection busy = running;
        if (phase == Phase.GATHERING) {
            servers.stopWaiting();
            end(error);
        } else if (busy != null && busy.open()) {
            sender.cancel(busy);
        }
    }

    /** One connection after the other, always in the same order, so that two broadcasts cannot wait for each other. */
    private void gather(int index) {
        if (index == shards.size()) {
            phase = Phase.DEFINING;
            define(0);
            return;
        }
        ServerKey primary = servers.primary(shards.get(index));
        servers.acquire(
                primary,
                connection -> {
                    held.add(connection);
                    gather(index + 1);
                },
                why -> end(why));
    }

    private void define(int index) {
        if (index == held.size()) {
            Function<List<PreparedCommit.Part>, PreparedCommit> commit = together;
            if (transactional && commit != null && held.size() > 1) {
                phase = Phase.ENDING;
                commit.apply(held.stream()
                                .map(connection -> new PreparedCommit.Part(connection, true))
                                .toList())
                        .commit(this::end);
            } else if (transactional) {
                commit(0);
            } else {
                end(null);
            }
            return;
        }
        ServerConnection connection = held.get(index);
        String own = sql.getOrDefault(connection.key().shard(), "");
        String changes = connection.applied().towards(settings);
        Consumer<SqlError> stop = error -> undo(index, error);
        step(connection, changes.isEmpty() ? ";" : changes, stop, () -> {
            connection.applied(settings);
            if (transactional) {
                step(connection, "BEGIN", stop, () -> step(connection, own, stop, () -> define(index + 1)));
            } else {
                step(connection, own, stop, () -> {
                    done.add(connection.key().shard());
                    define(index + 1);
                });
            }
        });
    }

    private void step(ServerConnection connection, String text, Consumer<SqlError> stop, Runnable next) {
        SqlError refused = phase == Phase.DEFINING ? cancelled : null;
        if (refused == null && !connection.open()) {
            refused = SqlError.of(
                    SqlError.CONNECTION_FAILURE,
                    "connection to server " + connection.key().name() + " was lost");
        }
        if (refused != null) {
            stop.accept(refused);
            return;
        }
        running = connection;
        connection.inject(text, outcome -> {
            running = null;
            SqlError error = outcome.error();
            if (error != null) {
                stop.accept(error);
                return;
            }
            if (text.equals(sql.get(connection.key().shard()))) {
                tag = told(outcome.tag());
            }
            next.run();
        });
    }

    /** What the client is told of all: rows are added up. */
    private String told(String next) {
        if (tag.startsWith("INSERT ") && next.startsWith("INSERT ")) {
            return "INSERT 0 " + (count(tag) + count(next));
        }
        return next;
    }

    private static long count(String inserted) {
        return Long.parseLong(inserted.substring(inserted.lastIndexOf(' ') + 1));
    }

    private void commit(int index) {
        phase = Phase.ENDING;
        if (index == held.size()) {
            end(null);
            return;
        }
        ServerConnection connection = held.get(index);
        step(connection, "COMMIT", error -> undo(index, error), () -> {
            done.add(connection.key().shard());
            commit(index + 1);
        });
    }

    /** The statement or a commit failed on shard {@code index}: what is not committed is rolled back. */
    private void undo(int index, SqlError error) {
        phase = Phase.ENDING;
        String shard = held.get(index).key().shard();
        String others = done.isEmpty() ? "no shard was changed" : "done already on " + String.join(", ", done);
        SqlError told = new SqlError(
                error.code(),
                "on shard " + shard + ": " + error.message() + " (" + others + ")",
                done.isEmpty() ? null : "Bring the shards to the same state, each by itself.");
        rollback(0, told);
    }

    private void rollback(int index, SqlError error) {
        if (index == held.size()) {
            end(error);
            return;
        }
        ServerConnection connection = held.get(index);
        if (!connection.open() || connection.reusable()) {
            rollback(index + 1, error);
            return;
        }
        connection.inject("ROLLBACK", outcome -> rollback(index + 1, error));
    }

    private void end(@Nullable SqlError error) {
        phase = Phase.ENDING;
        held.forEach(servers::giveBack);
        held.clear();
        if (error == null) {
            succeeded.accept(tag);
        } else {
            failed.accept(error);
        }
    }
}
