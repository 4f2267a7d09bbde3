package io.plinth.dbproxy.client;

import io.plinth.dbproxy.database.Database;
import io.plinth.dbproxy.failover.ShardHealth;
import io.plinth.dbproxy.server.ServerConnection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/** What a session has written, and so what reads must see. Owned by the session's event loop. */
final class OwnWrites {
    private static final long EVER = 1L << 60;

    private final Database database;
    private final LongSupplier nanoTime;
    private final Map<String, Long> last = new HashMap<>();
    private boolean open;
    private boolean acknowledged;
    /** The causal keys that what is run now is of. */
    private final Set<String> keys = new HashSet<>();

    OwnWrites(Database database, LongSupplier nanoTime) {
        this.database = database;
        this.nanoTime = nanoTime;
    }

    /** What is run next is of this causal key's clients; inside a transaction null says nothing new. */
    void of(@Nullable String named, boolean inside) {
        if (!inside && !keys.isEmpty()) {
            keys.clear();
        }
        if (named != null) {
            keys.add(named);
        }
    }

    /** Whether the transaction may have written. */
    boolean open() {
        return open;
    }

    /** The transaction goes on on another shard: whether it may have written on this one, and on that. */
    boolean moved(boolean wroteThere) {
        boolean wrote = open;
        open = wroteThere;
        acknowledged = false;
        return wrote;
    }

    /** A transaction on several shards is about to be told committed. */
    void committed(List<String> shards) {
        shards.forEach(this::note);
        open = false;
        acknowledged = false;
    }

    /** The group sent now may write. */
    void begin(@Nullable ServerConnection server) {
        open |= server != null && !server.key().replica();
    }

    /** What the transaction has written is about to be told; from here on reads must see it. */
    void acknowledge(@Nullable ServerConnection server) {
        if (open && !acknowledged && server != null) {
            acknowledged = true;
            note(server.key().shard());
        }
    }

    /** A transaction was committed before the end of what the client sent; what is told of it is about to be. */
    void committed(@Nullable ServerConnection server) {
        if (open && server != null) {
            note(server.key().shard());
        }
    }

    void everywhere() {
        database.topology().shards().forEach(this::note);
    }

    /** The transaction is over. Returns whether where the log ends now should be asked. */
    boolean end(String shard) {
        boolean ask =
                open && database.rules().ownWrites() && database.health(shard).hasReplicas();
        if (open && !acknowledged) {
            note(shard);
        }
        open = false;
        acknowledged = false;
        return ask;
    }

    /**
     * How far the log is after the write that the client knows of: from then on replicas that have replayed it will do.
     * {@code then} takes the connection.
     */
    void askPosition(String shard, ServerConnection server, Runnable then) {
        long asked = nanoTime.getAsLong();
        server.inject(ShardHealth.POSITION, outcome -> {
            if (outcome.error() == null && !outcome.rows().isEmpty()) {
                String position = outcome.rows().getFirst().getFirst();
                database.health(shard).position(asked, position == null ? 0 : Long.parseLong(position));
            }
            // Not within the read that has brought the answer: what follows it there is not looked at yet.
            server.loop().execute(then);
        });
    }

    private void note(String shard) {
        long now = nanoTime.getAsLong();
        last.put(shard, now);
        database.health(shard).wrote(now);
        keys.forEach(of -> database.keyedWrites().wrote(of, shard, now));
    }

    /** As of when a replica must be: after the last write that this session's reads must see. */
    long needed(String shard, long now) {
        if (database.rules().allWrites()) {
            return database.health(shard).lastWrite();
        }
        if (!database.rules().ownWrites()) {
            return now - EVER;
        }
        long own = last.getOrDefault(shard, now - EVER);
        long needed = own;
        for (String of : keys) {
            long keyed = database.keyedWrites().needed(of, shard, own);
            needed = keyed - needed > 0 ? keyed : needed;
        }
        return needed;
    }
}
