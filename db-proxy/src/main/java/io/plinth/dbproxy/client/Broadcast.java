package io.plinth.dbproxy.client;

import io.netty.channel.EventLoop;
import io.plinth.dbproxy.commit.PreparedCommit;
import io.plinth.dbproxy.copy.CopyFrom;
import io.plinth.dbproxy.group.Gathered;
import io.plinth.dbproxy.group.LocalReplies;
import io.plinth.dbproxy.group.Part;
import io.plinth.dbproxy.group.Parting;
import io.plinth.dbproxy.route.StatementPlan.Answer;
import io.plinth.dbproxy.server.CancelSender;
import io.plinth.dbproxy.server.Expectation;
import io.plinth.dbproxy.server.ServerConnection;
import io.plinth.dbproxy.server.Settings;
import io.plinth.dbproxy.trace.SharedWork;
import io.plinth.dbproxy.wire.SqlError;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.function.BiConsumer;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.function.Supplier;
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
    private final Map<String, Part> parts;
    private final Answer answer;
    private final long memory;
    private final List<String> shards;
    private final boolean transactional;
    private final EventLoop loop;
    private final SharedWork work;
    private final Patience patience;
    private final List<ServerConnection> held = new ArrayList<>();
    private final List<String> done = new ArrayList<>();
    private BiConsumer<String, LocalReplies.@Nullable Rows> succeeded = (tag, rows) -> {};
    private Consumer<SqlError> failed = error -> {};
    private Gathered rows;
    private String tag = "";
    private String last = "";
    private Phase phase = Phase.GATHERING;
    private @Nullable Function<List<PreparedCommit.Part>, PreparedCommit> together;
    private @Nullable Supplier<CopyFrom> copies;
    private @Nullable CopyFrom copying;
    private boolean copied;
    private @Nullable SqlError cancelled;
    private @Nullable ServerConnection running;
    /** A server was gone before it was sent its part, or refused it, being a standby; and no part anywhere is kept. */
    private boolean refused;

    /** Whether the server that was sent something last was sent its part. */
    private boolean asked;

    private boolean unwanted;

    /** How long what has not run is tried again while another server may come to lead. */
    interface Patience {
        boolean lasts();
    }

    /** {@code change} has the parts by shard; shards are asked in its order, which is the same for all. */
    Broadcast(
            Servers servers,
            Settings settings,
            Parting.Change change,
            long memory,
            EventLoop loop,
            SharedWork work,
            Patience patience) {
        this.servers = servers;
        this.settings = settings;
        this.parts = change.parts();
        this.answer = change.answer();
        this.shards = List.copyOf(parts.keySet());
        this.memory = memory;
        this.rows = gathered();
        this.loop = loop;
        this.work = work;
        this.patience = patience;
        String lower =
                new String(parts.values().iterator().next().sql(), StandardCharsets.UTF_8).toLowerCase(Locale.ROOT);
        this.transactional = answer != Answer.LAST || !(lower.contains("concurrently") || lower.contains("vacuum"));
    }

    /** Has the shards commit all or none, by what {@code commit} makes of them; before {@link #run}. */
    void committed(Function<List<PreparedCommit.Part>, PreparedCommit> commit) {
        together = commit;
    }

    private Gathered gathered() {
        return new Gathered(memory, answer == Answer.FIRST ? 1 : shards.size());
    }

    /** The parts are the rows that the client copies, by one of these for each try; before {@link #run}. */
    void copies(Supplier<CopyFrom> each) {
        copies = each;
    }

    void run(BiConsumer<String, LocalReplies.@Nullable Rows> onSuccess, Consumer<SqlError> onFailure) {
        assert loop.inEventLoop() : "broadcast off its event loop";
        succeeded = onSuccess;
        failed = onFailure;
        servers.passGate(this::begin);
    }

    private void begin() {
        Supplier<CopyFrom> each = copies;
        copying = each == null ? null : each.get();
        gather(0);
    }

    /** The client does not want it any more, or is gone: nothing is kept, unless commits have begun. */
    void cancel(CancelSender sender) {
        assert loop.inEventLoop() : "broadcast off its event loop";
        unwanted = true;
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
        } else if (copying != null) {
            copying.cancel(error, sender::cancel);
        }
    }

    /** One connection after the other, always in the same order, so that two broadcasts cannot wait for each other. */
    private void gather(int index) {
        if (index == shards.size()) {
            phase = Phase.DEFINING;
            define(0);
            return;
        }
        servers.find(
                shards.get(index),
                false,
                connection -> {
                    held.add(connection);
                    gather(index + 1);
                },
                why -> end(why));
    }

    private void define(int index) {
        CopyFrom copy = copying;
        if (index == held.size() && copy != null && !copied) {
            copied = true;
            copy.stream(
                    () -> {
                        tag = copy.tag();
                        define(index);
                    },
                    error -> {
                        phase = Phase.ENDING;
                        rollback(0, error);
                    });
            return;
        }
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
        String changes = connection.applied().towards(settings);
        // Given up meanwhile, as an earlier shard may be lost while this one is asked, nothing goes on: what was sent
        // is rolled back.
        Consumer<SqlError> stop = error -> {
            if (phase == Phase.DEFINING) {
                undo(index, error);
            }
        };
        asked = false;
        step(connection, changes.isEmpty() ? ";" : changes, stop, () -> {
            connection.applied(settings);
            if (phase != Phase.DEFINING) {
                return;
            }
            if (transactional) {
                step(connection, "BEGIN", stop, () -> {
                    if (phase == Phase.DEFINING) {
                        own(connection, stop, () -> define(index + 1));
                    }
                });
            } else {
                own(connection, stop, () -> {
                    done.add(connection.key().shard());
                    define(index + 1);
                });
            }
        });
    }

    private void own(ServerConnection connection, Consumer<SqlError> stop, Runnable next) {
        // A copy's rows are sent once every server takes them.
        asked = copying == null;
        work.begin(connection.key());
        CopyFrom copy = copying;
        if (copy != null) {
            SqlError refused = cancelled;
            if (refused == null) {
                copy.open(connection, next, stop);
            } else {
                stop.accept(refused);
            }
            return;
        }
        Part part = Objects.requireNonNull(parts.get(connection.key().shard()));
        Consumer<SqlError> fail = error -> {
            work.end(connection.key(), true);
            stop.accept(error);
        };
        step(connection, part, rows.next(), fail, () -> {
            work.end(connection.key(), false);
            tag = told(last);
            if (part.after().isEmpty()) {
                next.run();
            } else {
                step(connection, part.after(), stop, next);
            }
        });
    }

    private void step(ServerConnection connection, String text, Consumer<SqlError> stop, Runnable next) {
        step(connection, Part.of(text.getBytes(StandardCharsets.UTF_8)), null, stop, next);
    }

    private void step(
            ServerConnection connection,
            Part part,
            Expectation.@Nullable Taker taker,
            Consumer<SqlError> stop,
            Runnable next) {
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
        connection.inject(part.sql(), part.types(), part.bind(), taker, outcome -> {
            running = null;
            SqlError error = outcome.error();
            if (error != null) {
                stop.accept(error);
                return;
            }
            last = outcome.tag();
            next.run();
        });
    }

    /** What the client is told of all, once {@code next} is what a further shard says. */
    private String told(String next) {
        if (tag.isEmpty() || answer == Answer.LAST) {
            return next;
        }
        return answer == Answer.FIRST ? tag : next.substring(0, next.lastIndexOf(' ') + 1) + (count(tag) + count(next));
    }

    private static long count(String changed) {
        return Long.parseLong(changed.substring(changed.lastIndexOf(' ') + 1));
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
        ServerConnection at = held.get(index);
        boolean standby = error.code().equals(SqlError.READ_ONLY)
                && at.standby()
                && !at.key().replica();
        boolean gone = !asked && error.code().equals(SqlError.CONNECTION_FAILURE);
        refused = phase == Phase.DEFINING && done.isEmpty() && (standby || gone);
        phase = Phase.ENDING;
        String shard = at.key().shard();
        String others = done.isEmpty() ? "no shard was changed" : "done already on " + String.join(", ", done);
        SqlError told = new SqlError(
                error.code(),
                "on shard " + shard + ": " + error.message() + " (" + others + ")",
                done.isEmpty() ? null : "Bring the shards to the same state, each by itself.");
        CopyFrom copy = copying;
        if (copy == null) {
            rollback(0, told);
        } else {
            // A server that takes data would take a ROLLBACK for a broken protocol.
            copy.giveUp(told, () -> rollback(0, told));
        }
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
        List<ServerConnection> back = List.copyOf(held);
        held.clear();
        back.forEach(servers::giveBack);
        if (error == null) {
            succeeded.accept(tag, rows.all());
        } else if (refused && !unwanted && patience.lasts()) {
            again();
        } else {
            failed.accept(error);
        }
    }

    /** Once more from the beginning, on whoever leads then: all of it was rolled back. */
    private void again() {
        work.again();
        refused = false;
        phase = Phase.GATHERING;
        tag = "";
        rows = gathered();
        copied = false;
        servers.later(Servers.WRITE_ROUND_MICROS, () -> servers.passGate(this::begin));
    }
}
