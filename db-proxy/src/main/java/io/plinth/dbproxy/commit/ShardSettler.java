package io.plinth.dbproxy.commit;

import io.netty.channel.EventLoop;
import io.netty.util.concurrent.Future;
import io.plinth.dbproxy.database.Database;
import io.plinth.dbproxy.server.Expectation;
import io.plinth.dbproxy.server.Login;
import io.plinth.dbproxy.server.ServerConnection;
import io.plinth.dbproxy.server.ServerConnector;
import io.plinth.dbproxy.server.ServerKey;
import io.plinth.dbproxy.wire.SqlError;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.BiConsumer;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Ends what is prepared on one shard and has no session any more: as the log says, and what it does not know is rolled back.
 * Owned by one event loop; sweeps at the start, when told to, while something is left, and from time to time.
 */
final class ShardSettler {
    private static final Logger LOG = LoggerFactory.getLogger(ShardSettler.class);
    private static final Duration PATIENCE = Duration.ofSeconds(5);
    private static final long SHORTEST_MILLIS = 100;
    private static final long LONGEST_MILLIS = 10_000;
    private static final long REGULAR_MILLIS = 30_000;
    private static final int MOST = 1000;
    private static final String STANDBY = "SELECT pg_catalog.pg_is_in_recovery()";
    private static final String NO_SUCH_OBJECT = "42704";

    /** One part that waits for its end, as its shard shows it. */
    private record Part(TransactionId id, String gid, String owner) {}

    private final TwoPhase service;
    private final DecisionLog log;
    private final CommitMetrics metrics;
    private final Database database;
    private final String shard;
    private final ServerConnector connector;
    private final EventLoop loop;
    private final AtomicBoolean wanted = new AtomicBoolean();
    private volatile boolean closed;
    private volatile List<InDoubt> inDoubt = List.of();
    private boolean sweeping;
    private boolean reached;
    private long backoff = SHORTEST_MILLIS;
    private @Nullable Future<?> next;

    ShardSettler(
            TwoPhase service,
            DecisionLog log,
            CommitMetrics metrics,
            Database database,
            String shard,
            ServerConnector connector,
            EventLoop loop) {
        this.service = service;
        this.log = log;
        this.metrics = metrics;
        this.database = database;
        this.shard = shard;
        this.connector = connector;
        this.loop = loop;
    }

    /** Sweeps now, or once more after the sweep under way; any thread. */
    void soon() {
        if (wanted.compareAndSet(false, true)) {
            loop.execute(this::sweepIfQuiet);
        }
    }

    /** What the last sweep has left; any thread. */
    List<InDoubt> inDoubt() {
        return inDoubt;
    }

    void close() {
        closed = true;
    }

    private void sweepIfQuiet() {
        if (!sweeping && !closed) {
            sweep();
        }
    }

    private void sweep() {
        sweeping = true;
        wanted.set(false);
        Future<?> scheduled = next;
        next = null;
        if (scheduled != null) {
            scheduled.cancel(false);
        }
        // Before the shard is asked: what is decided later may be prepared and not be in the answer.
        List<TransactionId> decided = log.unsettled(database.name(), shard).stream()
                .filter(id -> !service.active(id))
                .toList();
        connect(watcher(), (connection, error) -> {
            if (connection == null) {
                finish(decided.stream()
                        .map(id -> left(id, id.name(log.owner()), error))
                        .toList());
                return;
            }
            connection.inject(STANDBY, answer -> {
                if (!"f".equals(first(answer))) {
                    SqlError failure = answer.error();
                    end(connection, decided, failure == null ? "not a primary" : failure.message());
                } else {
                    connection.inject(listing(), outcome -> {
                        SqlError why = outcome.error();
                        if (why != null) {
                            end(connection, decided, why.message());
                        } else {
                            resolve(connection, outcome, new HashSet<>(decided));
                        }
                    });
                }
            });
        });
    }

    private void end(ServerConnection connection, List<TransactionId> decided, String why) {
        connection.close();
        finish(decided.stream().map(id -> left(id, id.name(log.owner()), why)).toList());
    }

    private static @Nullable String first(Expectation.Outcome outcome) {
        return outcome.error() != null || outcome.rows().isEmpty()
                ? null
                : outcome.rows().getFirst().getFirst();
    }

    private String listing() {
        String prefix = TransactionId.prefix(log.owner());
        return "SELECT gid, owner FROM pg_catalog.pg_prepared_xacts WHERE database = pg_catalog.current_database()"
                + " AND pg_catalog.left(gid, " + prefix.length() + ") = '" + prefix + "' ORDER BY prepared LIMIT "
                + MOST;
    }

    private List<Part> parts(Expectation.Outcome outcome) {
        List<Part> parts = new ArrayList<>();
        for (List<@Nullable String> row : outcome.rows()) {
            String gid = row.get(0);
            String owner = row.get(1);
            TransactionId id = gid == null ? null : TransactionId.parse(log.owner(), gid);
            if (id != null && gid != null && owner != null && !service.active(id)) {
                parts.add(new Part(id, gid, owner));
            }
        }
        return parts;
    }

    private void resolve(ServerConnection connection, Expectation.Outcome outcome, Set<TransactionId> decided) {
        // As many as are looked at once, live sessions' own included: there may be more of them.
        boolean all = outcome.rows().size() < MOST;
        resolve(connection, parts(outcome), 0, decided, new ArrayList<>(), all);
    }

    /** One after the other; {@code decided} loses those that are not done. */
    private void resolve(
            ServerConnection connection,
            List<Part> parts,
            int index,
            Set<TransactionId> decided,
            List<InDoubt> left,
            boolean all) {
        if (index == parts.size()) {
            connection.close();
            if (all) {
                decided.forEach(id -> log.settled(id, shard));
            } else {
                soon();
            }
            finish(left);
            return;
        }
        Part part = parts.get(index);
        settle(connection, part, why -> {
            if (why != null) {
                decided.remove(part.id());
                left.add(left(part.id(), part.gid(), why));
            }
            resolve(connection, parts, index + 1, decided, left, all);
        });
    }

    private void settle(ServerConnection connection, Part part, Consumer<@Nullable String> done) {
        boolean commit = log.decided(part.id());
        if (!commit && log.broken() && part.id().start() == log.start()) {
            done.accept("the log failed in this run: only a restart can tell what it holds");
            return;
        }
        String sql = (commit ? "COMMIT" : "ROLLBACK") + " PREPARED '" + part.gid() + "'";
        if (part.owner().equals(connection.key().login().user())) {
            end(connection, sql, commit, done);
            return;
        }
        // Only its owner, or a superuser, may end it.
        Login login = login(part.owner());
        connect(login == null ? connection.key().login() : login, (own, error) -> {
            if (own == null) {
                done.accept(error);
                return;
            }
            end(own, sql, commit, why -> {
                own.close();
                done.accept(why);
            });
        });
    }

    private void end(ServerConnection connection, String sql, boolean commit, Consumer<@Nullable String> done) {
        if (!connection.open()) {
            done.accept("the connection was lost");
            return;
        }
        connection.inject(sql, outcome -> {
            SqlError error = outcome.error();
            if (error == null) {
                (commit ? metrics.settledCommits : metrics.settledRollbacks).inc();
                LOG.info("{} - database={} shard={}", sql, database.name(), shard);
            }
            done.accept(error == null || error.code().equals(NO_SUCH_OBJECT) ? null : error.message());
        });
    }

    private InDoubt left(TransactionId id, String gid, String why) {
        boolean commit = log.decided(id);
        boolean unknown = !commit && log.broken() && id.start() == log.start();
        return new InDoubt(database.name(), shard, gid, commit ? "commit" : unknown ? "unknown" : "rollback", why);
    }

    private void finish(List<InDoubt> left) {
        if (!left.isEmpty() && inDoubt.isEmpty()) {
            LOG.warn(
                    "transactions are in doubt: {} - database={} shard={} count={}",
                    left.getFirst().why(),
                    database.name(),
                    shard,
                    left.size());
        }
        inDoubt = List.copyOf(left);
        sweeping = false;
        if (closed) {
            return;
        }
        if (wanted.get()) {
            loop.execute(this::sweepIfQuiet);
            return;
        }
        boolean trouble = !left.isEmpty() || !reached;
        backoff = trouble ? Math.min(2 * backoff, LONGEST_MILLIS) : SHORTEST_MILLIS;
        next = loop.schedule(this::sweepIfQuiet, trouble ? backoff : REGULAR_MILLIS, TimeUnit.MILLISECONDS);
    }

    private Login watcher() {
        Database.Setup setup = database.setup();
        Database.Lookup lookup = setup.lookup();
        return lookup != null
                ? lookup.key().login()
                : setup.users().values().iterator().next().login();
    }

    private @Nullable Login login(String user) {
        return database.setup().users().values().stream()
                .map(Database.Known::login)
                .filter(login -> login.user().equals(user))
                .findFirst()
                .orElse(service.login(user));
    }

    /** To whoever takes the shard's writes now; told a connection, or why there is none. */
    private void connect(Login login, BiConsumer<@Nullable ServerConnection, String> done) {
        Database.Setup setup = database.setup();
        Database.Servers servers =
                setup.serversOf().apply(login.over(setup.rules().encryption())).get(shard);
        if (servers == null) {
            done.accept(null, "the shard is not in the file");
            return;
        }
        ServerKey key = servers.leader(setup.health(shard).leader());
        connector.connect(key, loop, PATIENCE, new ServerConnector.Outcome() {
            @Override
            public void connected(ServerConnection connection) {
                reached = true;
                Future<?> deadline = loop.schedule(connection::close, PATIENCE.toMillis(), TimeUnit.MILLISECONDS);
                connection.onClose(() -> deadline.cancel(false));
                done.accept(connection, "");
            }

            @Override
            public void failed(SqlError why) {
                reached = false;
                done.accept(null, why.message());
            }
        });
    }
}
