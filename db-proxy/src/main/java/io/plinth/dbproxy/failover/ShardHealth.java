package io.plinth.dbproxy.failover;

import io.netty.channel.EventLoop;
import io.plinth.dbproxy.server.Expectation;
import io.plinth.dbproxy.server.ServerConnection;
import io.plinth.dbproxy.server.ServerConnector;
import io.plinth.dbproxy.server.ServerKey;
import io.plinth.dbproxy.wire.SqlError;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Asks a shard's servers in turn for their role and position, each over a connection of its own. Owned by one event
 * loop; the results are volatile snapshots for all.
 *
 * <p>The primary is asked first; what a replica has replayed after that tells as of when it is fresh, so a client's own
 * writes are looked for on a replica only once they are there.
 */
public final class ShardHealth implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(ShardHealth.class);
    private static final String QUESTION =
            "SELECT pg_catalog.pg_is_in_recovery(), CASE WHEN pg_catalog.pg_is_in_recovery()"
                    + " THEN pg_catalog.pg_wal_lsn_diff(pg_catalog.pg_last_wal_replay_lsn(), '0/0')"
                    + " ELSE pg_catalog.pg_wal_lsn_diff(pg_catalog.pg_current_wal_insert_lsn(), '0/0') END,"
                    + " CASE WHEN pg_catalog.pg_is_in_recovery() THEN '0' ELSE"
                    + " pg_catalog.left(pg_catalog.pg_walfile_name(pg_catalog.pg_current_wal_insert_lsn()), 8) END";

    /** Where the primary's write-ahead log ends, for a client that has just written. */
    public static final String POSITION =
            "SELECT pg_catalog.pg_wal_lsn_diff(pg_catalog.pg_current_wal_insert_lsn(), '0/0')";

    private static final long FIRST_EJECTION_NANOS = TimeUnit.SECONDS.toNanos(1);
    private static final long LONGEST_EJECTION_NANOS = TimeUnit.SECONDS.toNanos(30);

    /** The primary had written up to {@code position} when asked, and perhaps no further. */
    private record Known(long asked, long position) {}

    private final ServerConnector connector;
    private final EventLoop loop;
    private final Duration interval;
    private final LongSupplier nanoTime;
    private final Probe primary;
    private final List<Probe> replicas = new ArrayList<>();
    private final String audit;
    private final Consumer<List<List<@Nullable String>>> audited;
    private volatile boolean closed;
    private long primaryPosition;
    private long primaryAsked;
    private final AtomicLong lastWrite;
    private volatile Known known;
    private volatile int leader = -1;
    private final AtomicBoolean asking = new AtomicBoolean();

    /** {@code audit} is asked of the primary each time it comes up, its rows given to {@code audited}; empty for none. */
    public ShardHealth(
            ServerConnector connector,
            EventLoop loop,
            Duration interval,
            LongSupplier nanoTime,
            ServerKey primary,
            List<ServerKey> replicas,
            String audit,
            Consumer<List<List<@Nullable String>>> audited) {
        this.audit = audit;
        this.audited = audited;
        this.connector = connector;
        this.loop = loop;
        this.interval = interval;
        this.nanoTime = nanoTime;
        this.primary = new Probe(primary);
        replicas.forEach(key -> this.replicas.add(new Probe(key)));
        long longAgo = nanoTime.getAsLong() - TimeUnit.DAYS.toNanos(1);
        this.lastWrite = new AtomicLong(longAgo);
        this.primaryAsked = longAgo;
        this.known = new Known(longAgo, 0);
    }

    /** Begins asking. */
    public void start() {
        loop.execute(this::round);
    }

    public ServerHealth primary() {
        return primary.health;
    }

    /** By position in the list given at first. */
    public ServerHealth replica(int index) {
        return replicas.get(index).health;
    }

    public boolean hasReplicas() {
        return !replicas.isEmpty();
    }

    /** When any client last wrote through this proxy; any thread. */
    public long lastWrite() {
        return lastWrite.get();
    }

    /** The latest counts: two loops may tell in the other order. */
    public void wrote(long nowNanos) {
        lastWrite.accumulateAndGet(nowNanos, (before, now) -> now - before > 0 ? now : before);
    }

    /** Whether a replica may serve a read that must see everything written before {@code since}; any thread. */
    public boolean serves(int index, long since, long maxLag) {
        ServerHealth health = replicas.get(index).health;
        ServerHealth source = primary.health;
        boolean lags = source.up() && source.position() - health.position() > maxLag;
        Known position = known;
        boolean fresh = health.freshAsOf() - since > 0
                || (position.asked - since >= 0 && health.position() >= position.position);
        boolean ejected = nanoTime.getAsLong() - replicas.get(index).ejectedUntil < 0;
        return health.up() && health.recovering() && !lags && fresh && !ejected && !divided();
    }

    /** Another server was promoted and the configured primary still takes writes: whom a replica follows is not known. */
    private boolean divided() {
        return leader >= 0 && primary.health.leads();
    }

    /** Whether a replica is there that may serve such a read once it has caught up; any thread. */
    public boolean mayServe(int index, long maxLag) {
        return serves(index, nanoTime.getAsLong() - (1L << 60), maxLag);
    }

    /** Asks the replicas for their positions now, not at the next turn; any thread. */
    public void askNow() {
        if (asking.compareAndSet(false, true)) {
            loop.execute(() -> {
                asking.set(false);
                if (!closed) {
                    replicas.forEach(Probe::askIfQuiet);
                }
            });
        }
    }

    /** The primary's position, asked after everything that was acknowledged before {@code askedNanos}; any thread. */
    public void position(long askedNanos, long position) {
        synchronized (this) {
            if (askedNanos - known.asked > 0) {
                known = new Known(askedNanos, position);
            }
        }
    }

    /** Which server takes writes: -1 for the configured primary, else a replica's position in the list; any thread. */
    public int leader() {
        return leader;
    }

    /** Takes over who leads, where that server is a replica here too; before {@link #start}. */
    public void follow(ShardHealth before) {
        int led = before.leader;
        if (led < 0) {
            return;
        }
        Probe found = before.replicas.get(led);
        for (int i = 0; i < replicas.size(); i++) {
            if (replicas.get(i).key.address().equals(found.key.address())) {
                replicas.get(i).health = found.health;
                leader = i;
            }
        }
    }

    /** The configured primary while it is one; else whoever was promoted last. */
    private void elect() {
        int best = primary.health.leads() ? -1 : leader;
        long timeline = primary.health.leads() ? primary.health.timeline() : 0;
        for (int i = 0; i < replicas.size(); i++) {
            ServerHealth health = replicas.get(i).health;
            if (health.leads() && health.timeline() > timeline) {
                best = i;
                timeline = health.timeline();
            }
        }
        if (best != leader) {
            leader = best;
            LOG.warn(
                    "writes go to another server now - server={}",
                    best < 0 ? primary.key.name() : replicas.get(best).key.name());
        }
    }

    /** A client did not get on; a full pool or a user that may not log in says nothing about the server. Any thread. */
    public void refused(ServerKey key, SqlError why) {
        if (!why.code().equals(SqlError.CONNECTION_FAILURE) && !why.code().equals(SqlError.CANNOT_CONNECT_NOW)) {
            return;
        }
        loop.execute(() -> {
            for (Probe probe : all()) {
                if (probe.key.name().equals(key.name())) {
                    probe.down(why.message());
                    probe.eject();
                }
            }
        });
    }

    /** Every server's health by its name; any thread. */
    public Map<String, ServerHealth> byName() {
        Map<String, ServerHealth> byName = new TreeMap<>();
        all().forEach(probe -> byName.put(probe.key.name(), probe.health));
        return byName;
    }

    private List<Probe> all() {
        List<Probe> all = new ArrayList<>(replicas);
        all.addFirst(primary);
        return all;
    }

    private void round() {
        if (closed) {
            return;
        }
        primary.ask();
        replicas.forEach(Probe::ask);
        loop.schedule(this::round, interval.toMillis(), TimeUnit.MILLISECONDS);
    }

    @Override
    public void close() {
        closed = true;
        loop.execute(() -> all().forEach(Probe::close));
    }

    /** One server's. */
    private final class Probe {
        private final ServerKey key;
        private @Nullable ServerConnection connection;
        private boolean busy;
        private long askedAt;
        private int ejections;
        private volatile long ejectedUntil;
        private volatile ServerHealth health;

        Probe(ServerKey key) {
            this.key = key;
            this.health = ServerHealth.unknown(nanoTime.getAsLong());
            this.ejectedUntil = nanoTime.getAsLong();
        }

        /** Clients could not reach it: it takes no reads for a while, longer each time. */
        void eject() {
            long now = nanoTime.getAsLong();
            if (now - ejectedUntil >= 0) {
                long length = FIRST_EJECTION_NANOS << Math.min(ejections, 5);
                ejectedUntil = now + Math.min(length, LONGEST_EJECTION_NANOS);
                ejections++;
            }
        }

        void askIfQuiet() {
            ServerConnection open = connection;
            if (!busy && open != null && open.open()) {
                ask();
            }
        }

        void ask() {
            if (busy) {
                if (nanoTime.getAsLong() - askedAt > patience().toNanos()) {
                    down("no answer for " + patience().toMillis() + " ms");
                    close();
                }
                return;
            }
            busy = true;
            askedAt = nanoTime.getAsLong();
            ServerConnection open = connection;
            if (open != null && open.open()) {
                question(open);
            } else {
                connect();
            }
        }

        private Duration patience() {
            return interval.multipliedBy(4).plusSeconds(1);
        }

        private void connect() {
            connector.connect(key, loop, patience(), new ServerConnector.Outcome() {
                @Override
                public void connected(ServerConnection opened) {
                    if (closed) {
                        opened.close();
                        return;
                    }
                    connection = opened;
                    question(opened);
                }

                @Override
                public void failed(SqlError why) {
                    busy = false;
                    down(why.message());
                }
            });
        }

        private void question(ServerConnection open) {
            long asked = nanoTime.getAsLong();
            open.inject(QUESTION, outcome -> {
                busy = false;
                if (connection == open) {
                    answer(asked, outcome);
                }
            });
        }

        private void answer(long asked, Expectation.Outcome outcome) {
            SqlError error = outcome.error();
            if (error != null || outcome.rows().isEmpty()) {
                down(error == null ? "an empty answer" : error.message());
                close();
                return;
            }
            List<@Nullable String> row = outcome.rows().getFirst();
            boolean recovering = "t".equals(row.get(0));
            String text = row.get(1);
            long position = text == null ? 0 : Long.parseLong(text);
            long fresh = health.freshAsOf();
            if (this == primary) {
                primaryPosition = position;
                primaryAsked = asked;
            } else if (recovering && position >= primaryPosition && leader < 0 && primary.health.leads()) {
                fresh = primaryAsked;
            }
            if (!health.up() && this == primary) {
                audit();
            }
            if (!health.up()) {
                LOG.info("server is up - server={} standby={}", key.name(), recovering);
            }
            String file = row.get(2);
            long timeline = recovering || file == null ? 0 : Long.parseLong(file, 16);
            if (asked - ejectedUntil > LONGEST_EJECTION_NANOS) {
                ejections = 0;
            }
            health = new ServerHealth(true, recovering, position, fresh, timeline, "");
            elect();
        }

        /** Once each time the primary comes up: what it holds may have been changed behind our back. */
        private void audit() {
            ServerConnection open = connection;
            if (open != null && !audit.isEmpty()) {
                open.inject(audit, outcome -> {
                    if (outcome.error() == null) {
                        audited.accept(outcome.rows());
                    }
                });
            }
        }

        void down(String why) {
            if (health.up()) {
                LOG.warn("server is down: {} - server={}", why, key.name());
            }
            health = health.down(why);
        }

        void close() {
            ServerConnection open = connection;
            connection = null;
            busy = false;
            if (open != null) {
                open.close();
            }
        }
    }
}
