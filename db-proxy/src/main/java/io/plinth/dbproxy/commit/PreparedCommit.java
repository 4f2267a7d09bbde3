package io.plinth.dbproxy.commit;

import io.netty.channel.EventLoop;
import io.netty.util.concurrent.Future;
import io.plinth.dbproxy.server.ServerConnection;
import io.plinth.dbproxy.wire.Backend;
import io.plinth.dbproxy.wire.SqlError;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Ends one transaction that is open on several shards. Owned by the event loop of its connections; used once.
 *
 * <pre>
 *   VOTING --all prepared--> DECIDING --on disk--> COMMITTING --all told, or no longer waited for--> done
 *      \--one refused or late--> rolled back --> done
 * </pre>
 *
 * <p>Shards that were only read commit while the others prepare; where only one was written, it commits after them.
 */
public final class PreparedCommit {
    private static final long ROUND_MILLIS = 20;

    /** One shard's part, with the transaction open on it. */
    public record Part(ServerConnection connection, boolean wrote) {}

    private final TwoPhase service;
    private final String database;
    private final List<Part> parts;
    private final EventLoop loop;
    private final Duration timeout;
    private final List<ServerConnection> prepared = new ArrayList<>();
    private final List<Part> writers;
    private Consumer<@Nullable SqlError> done = error -> {};
    private @Nullable SqlError refused;
    private @Nullable Future<?> deadline;
    private int outstanding;

    /**
     * An end for the parts.
     *
     * @param timeout how long a shard may take to prepare, and how long its commit is waited for
     */
    public PreparedCommit(TwoPhase service, String database, List<Part> parts, EventLoop loop, Duration timeout) {
        this.service = service;
        this.database = database;
        this.parts = List.copyOf(parts);
        this.writers = this.parts.stream().filter(Part::wrote).toList();
        this.loop = loop;
        this.timeout = timeout;
    }

    /** Rolls back every part. */
    public void rollback(Runnable then) {
        done = error -> then.run();
        undo(null, new TransactionId(0, 0), null);
    }

    /** Commits every part or none; told null once it is committed for good. */
    public void commit(Consumer<@Nullable SqlError> told) {
        assert loop.inEventLoop() : "commit off its event loop";
        done = told;
        boolean several = writers.size() > 1;
        if (several && !service.ready()) {
            refused = new SqlError(
                    "58030",
                    "transactions over several shards cannot be committed: their log cannot be written",
                    "Mend the disk of the node's data folder, then restart this node.");
            undo(null, new TransactionId(0, 0), null);
            return;
        }
        TransactionId id =
                several ? service.begin(writers.getFirst().connection().key().login()) : new TransactionId(0, 0);
        List<Part> voters =
                several ? parts : parts.stream().filter(part -> !part.wrote()).toList();
        outstanding = voters.size() + 1;
        limit();
        for (Part part : voters) {
            int number = parts.indexOf(part);
            boolean prepares = part.wrote();
            String sql = prepares ? "PREPARE TRANSACTION '" + gid(id, number) + "'" : "COMMIT";
            vote(id, part.connection(), sql, prepares);
        }
        voted(id);
    }

    private String gid(TransactionId id, int number) {
        return id.gid(service.log().owner(), number);
    }

    private void limit() {
        deadline = loop.schedule(
                () -> parts.stream()
                        .map(Part::connection)
                        .filter(connection -> !connection.settled())
                        .forEach(ServerConnection::close),
                timeout.toMillis(),
                TimeUnit.MILLISECONDS);
    }

    private void unlimited() {
        Future<?> scheduled = deadline;
        deadline = null;
        if (scheduled != null) {
            scheduled.cancel(false);
        }
    }

    private static SqlError lost(ServerConnection connection) {
        return SqlError.of(
                SqlError.CONNECTION_FAILURE,
                "connection to server " + connection.key().name() + " was lost");
    }

    private void vote(TransactionId id, ServerConnection connection, String sql, boolean prepares) {
        if (!connection.open()) {
            refuse(connection, lost(connection));
            voted(id);
            return;
        }
        connection.inject(sql, outcome -> {
            SqlError error = outcome.error();
            // A transaction that has failed answers ROLLBACK to both, which is no error.
            boolean agreed = error == null && outcome.tag().equals(prepares ? "PREPARE TRANSACTION" : "COMMIT");
            if (agreed && prepares) {
                prepared.add(connection);
            } else if (!agreed) {
                refuse(connection, error == null ? SqlError.of("40000", "the transaction had failed there") : error);
            }
            voted(id);
        });
    }

    private void refuse(ServerConnection connection, SqlError error) {
        if (refused == null) {
            refused = new SqlError(
                    error.code(),
                    "on shard " + connection.key().shard() + ": " + error.message() + " (no shard was changed)",
                    error.hint());
        }
    }

    private void voted(TransactionId id) {
        if (--outstanding > 0) {
            return;
        }
        unlimited();
        SqlError error = refused;
        if (error != null) {
            undo(error, id, writers.size() > 1 ? id : null);
        } else if (writers.isEmpty()) {
            done.accept(null);
        } else if (writers.size() == 1) {
            alone(writers.getFirst().connection());
        } else {
            List<String> shards = writers.stream()
                    .map(part -> part.connection().key().shard())
                    .toList();
            service.log()
                    .decide(new Decision(id, database, shards), outcome -> loop.execute(() -> decided(id, outcome)));
        }
    }

    /** Only one shard was written: its own commit decides. */
    private void alone(ServerConnection connection) {
        if (!connection.open()) {
            done.accept(lost(connection));
            return;
        }
        connection.inject("COMMIT", outcome -> {
            SqlError error = outcome.error();
            done.accept(
                    error == null && !outcome.tag().equals("COMMIT")
                            ? SqlError.of("40000", "the transaction had failed and was rolled back")
                            : error);
        });
    }

    private void decided(TransactionId id, DecisionLog.Outcome outcome) {
        switch (outcome) {
            case DECIDED -> tell(id);
            case REFUSED ->
                undo(SqlError.of("53400", "the log of decisions is full or closed (no shard was changed)"), id, id);
            case UNKNOWN -> {
                service.ended(id, database, false);
                done.accept(new SqlError(
                        "40003",
                        "whether the transaction is committed is not known: the log of decisions could not be written",
                        "Mend the disk of the node's data folder, then restart this node, which settles it."));
            }
        }
    }

    private void tell(TransactionId id) {
        outstanding = writers.size() + 1;
        limit();
        for (Part part : writers) {
            ServerConnection connection = part.connection();
            if (!connection.open()) {
                told(id);
                continue;
            }
            connection.inject("COMMIT PREPARED '" + gid(id, parts.indexOf(part)) + "'", outcome -> {
                if (outcome.error() == null) {
                    service.log().settled(id, connection.key().shard());
                } else {
                    // Nobody else may use it before it is known what became of it.
                    connection.close();
                }
                told(id);
            });
        }
        told(id);
    }

    private void told(TransactionId id) {
        if (--outstanding > 0) {
            return;
        }
        unlimited();
        boolean left = service.log().unsettled(id);
        service.ended(id, database, left);
        service.metrics().committed.inc();
        if (left) {
            service.metrics().late.inc();
            await(id, service.nanoTime().getAsLong() + timeout.toNanos());
        } else {
            done.accept(null);
        }
    }

    /** It is committed; that every shard shows it is waited for, but not for ever. */
    private void await(TransactionId id, long until) {
        if (!service.log().unsettled(id) || service.nanoTime().getAsLong() - until >= 0) {
            done.accept(null);
        } else {
            loop.schedule(() -> await(id, until), ROUND_MILLIS, TimeUnit.MILLISECONDS);
        }
    }

    /** {@code begun} is the transaction when it has to be ended with the service. */
    private void undo(@Nullable SqlError error, TransactionId id, @Nullable TransactionId begun) {
        outstanding = parts.size() + 1;
        limit();
        boolean[] unsure = {false};
        Runnable next = () -> {
            if (--outstanding == 0) {
                unlimited();
                if (begun != null) {
                    service.metrics().rolledBack.inc();
                    service.ended(begun, database, unsure[0]);
                }
                done.accept(error == null ? refused : error);
            }
        };
        for (Part part : parts) {
            ServerConnection connection = part.connection();
            boolean there = prepared.contains(connection);
            if (!connection.open()) {
                unsure[0] = true;
                next.run();
            } else if (!there && connection.status() == Backend.IDLE) {
                next.run();
            } else {
                connection.inject(
                        there ? "ROLLBACK PREPARED '" + gid(id, parts.indexOf(part)) + "'" : "ROLLBACK", outcome -> {
                            if (outcome.error() != null) {
                                unsure[0] = true;
                                connection.close();
                            }
                            next.run();
                        });
            }
        }
        next.run();
    }
}
