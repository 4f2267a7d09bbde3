package io.plinth.dbproxy.commit;

import io.netty.channel.EventLoop;
import io.plinth.dbproxy.database.Database;
import io.plinth.dbproxy.server.Login;
import io.plinth.dbproxy.server.ServerConnector;
import io.plinth.kit.metrics.Metrics;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Transactions over several shards of a node: their numbers, the log of decisions, and who settles what was left open. Asked
 * from any thread; opened and changed by the node's runner.
 */
public final class TwoPhase implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(TwoPhase.class);
    private static final int LOGINS = 1000;
    private static final String FILE = "two-phase.log";

    private final Path file;
    private final ServerConnector connector;
    private final List<EventLoop> loops;
    private final SecureRandom random;
    private final LongSupplier nanoTime;
    private final CommitMetrics metrics;
    private final AtomicLong numbers = new AtomicLong();
    private final Set<TransactionId> active = ConcurrentHashMap.newKeySet();
    private final Map<String, List<ShardSettler>> settlers = new ConcurrentHashMap<>();
    private final Map<String, Login> logins = new LinkedHashMap<>();
    private volatile @Nullable DecisionLog log;

    /** {@code data} is the node's folder, where the log is. */
    public TwoPhase(
            Path data,
            ServerConnector connector,
            List<EventLoop> loops,
            SecureRandom random,
            LongSupplier nanoTime,
            Metrics metrics) {
        this.file = data.resolve(FILE);
        this.connector = connector;
        this.loops = List.copyOf(loops);
        this.random = random;
        this.nanoTime = nanoTime;
        this.metrics = new CommitMetrics(metrics, () -> inDoubt().size());
    }

    /** Opens the log where {@code databases} need it, and begins to settle what an earlier run has left open on their shards. */
    public void serve(Iterable<Database> databases) throws IOException {
        Map<String, Database> named = new LinkedHashMap<>();
        for (Database database : databases) {
            if (database.topology().shards().size() > 1) {
                named.put(database.name(), database);
            }
        }
        boolean wanted = named.values().stream().anyMatch(each -> each.rules().twoPhase());
        if (log == null && (wanted || Files.exists(file))) {
            try {
                log = DecisionLog.open(new DecisionFile(file), random.nextLong());
            } catch (IOException e) {
                throw new IOException(
                        "two-phase log: " + file + ": " + e.getMessage()
                                + " (expected: the log as this node wrote it; before it is moved away, end what"
                                + " pg_prepared_xacts shows on the shards by hand)",
                        e);
            }
        }
        if (log == null) {
            return;
        }
        settlers.keySet().stream().filter(name -> !named.containsKey(name)).forEach(this::leave);
        named.forEach((name, database) -> settlers.computeIfAbsent(name, n -> settlers(database)));
        unknownDatabases(named.keySet());
    }

    private void unknownDatabases(Set<String> named) {
        for (Decision decision : log().unsettled()) {
            if (!named.contains(decision.database())) {
                LOG.warn(
                        "a committed transaction cannot be finished: its database is not in the file - database={}"
                                + " shards={}",
                        decision.database(),
                        decision.shards());
            }
        }
    }

    private List<ShardSettler> settlers(Database database) {
        List<ShardSettler> made = new ArrayList<>();
        for (String shard : database.topology().shards()) {
            ShardSettler settler = new ShardSettler(
                    this, log(), metrics, database, shard, connector, loops.get(made.size() % loops.size()));
            made.add(settler);
            settler.soon();
        }
        return made;
    }

    private void leave(String database) {
        List<ShardSettler> gone = settlers.remove(database);
        if (gone != null) {
            gone.forEach(ShardSettler::close);
        }
    }

    DecisionLog log() {
        DecisionLog opened = log;
        if (opened == null) {
            throw new IllegalStateException("no decision log (expected: serve() first)");
        }
        return opened;
    }

    CommitMetrics metrics() {
        return metrics;
    }

    LongSupplier nanoTime() {
        return nanoTime;
    }

    /** Whether transactions can be decided now. */
    boolean ready() {
        DecisionLog opened = log;
        return opened != null && !opened.broken();
    }

    /** A new transaction, in progress until {@link #ended}. {@code login} is who writes it, and who alone may end it later. */
    TransactionId begin(@Nullable Login login) {
        if (login != null) {
            synchronized (logins) {
                logins.put(login.user(), login);
                if (logins.size() > LOGINS) {
                    logins.remove(logins.keySet().iterator().next());
                }
            }
        }
        TransactionId id = new TransactionId(log().start(), numbers.incrementAndGet());
        active.add(id);
        return id;
    }

    /** How a user who has written such transactions logs in, or null. */
    @Nullable
    Login login(String user) {
        synchronized (logins) {
            return logins.get(user);
        }
    }

    /** Whether its own session still works on it. */
    boolean active(TransactionId id) {
        return active.contains(id);
    }

    /** Its session has done what it could; what is left is settled from here. */
    void ended(TransactionId id, String database, boolean left) {
        active.remove(id);
        if (left) {
            settlers.getOrDefault(database, List.of()).forEach(ShardSettler::soon);
        }
    }

    /** What shards do not know the end of. */
    public List<InDoubt> inDoubt() {
        List<InDoubt> all = new ArrayList<>();
        settlers.values().forEach(shards -> shards.forEach(shard -> all.addAll(shard.inDoubt())));
        return all;
    }

    @Override
    public void close() {
        settlers.keySet().forEach(this::leave);
        DecisionLog opened = log;
        if (opened != null) {
            opened.close();
        }
    }
}
