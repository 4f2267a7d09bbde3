package io.plinth.kvcache.session;

import io.netty.util.concurrent.FastThreadLocal;
import io.plinth.kvcache.keyspace.Change;
import io.plinth.kvcache.keyspace.ChangeListener;
import io.plinth.kvcache.keyspace.Keyspace;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * Shared by all loops: which client may have which key in a cache of its own. It reads the stream of changes while anybody
 * tracks, so that expiry and eviction invalidate as commands do. A key is remembered under its segment's lock before its value is
 * read: the invalidation comes after the reply on the client's loop.
 */
public final class Tracking {
    private static final int MANY = 64;

    private final Keyspace keyspace;
    private final Invalidations invalidations;
    private volatile int limit;
    private final ConcurrentMap<Channel, long[]> table = new ConcurrentHashMap<>();
    private final AtomicInteger clients = new AtomicInteger();
    private final CopyOnWriteArrayList<Broadcast> broadcasts = new CopyOnWriteArrayList<>();
    private final FastThreadLocal<Running> running = new FastThreadLocal<>() {
        @Override
        protected Running initialValue() {
            return new Running();
        }
    };
    private final ReentrantLock evicting = new ReentrantLock();
    private final ChangeListener listener = this::changed;
    private @Nullable Iterator<Map.Entry<Channel, long[]>> hand;

    /** Owned by its thread: whose command runs there, and who is to be told when it has ended. */
    private static final class Running {
        private @Nullable Client client;
        private final List<Broadcast> due = new ArrayList<>();
    }

    /** {@code limit}: keys remembered; with more some are forgotten, and who has them is told that they changed. */
    public Tracking(Keyspace keyspace, Clients clients, int limit) {
        this.keyspace = keyspace;
        this.invalidations = new Invalidations(clients);
        this.limit = limit;
    }

    /** How many keys are remembered at most. */
    public int limit() {
        return limit;
    }

    public void limit(int keys) {
        limit = keys;
    }

    /** Whether anybody tracks. */
    public boolean active() {
        return clients.get() > 0;
    }

    /** Clients that track. */
    public int clients() {
        return clients.get();
    }

    /** Keys remembered. */
    public int keys() {
        return table.size();
    }

    /** Keys remembered, once for each client. */
    public long items() {
        return table.values().stream().mapToLong(ids -> ids.length).sum();
    }

    /** Prefixes of clients in broadcasting mode, each once. */
    public long prefixes() {
        return broadcasts.stream().map(Broadcast::prefix).distinct().count();
    }

    /** CLIENT TRACKING ON. On the client's loop, no segment locked. */
    public void on(Client client, TrackingMode mode) {
        boolean first = client.tracking() == null;
        if (first) {
            clients.incrementAndGet();
        }
        try {
            keyspace.listen(listener);
        } catch (RuntimeException e) {
            if (first) {
                clients.decrementAndGet();
            }
            throw e;
        }
        client.tracking(mode);
        for (Channel prefix : mode.prefixes()) {
            Broadcast broadcast = new Broadcast(prefix, client, invalidations);
            if (broadcasts.stream().noneMatch(broadcast::same)) {
                broadcasts.add(broadcast);
            }
        }
    }

    /** CLIENT TRACKING OFF, or the client is gone. On the client's loop. */
    public void off(Client client) {
        if (client.tracking() == null) {
            return;
        }
        client.tracking(null);
        broadcasts.removeIf(broadcast -> broadcast.client().id() == client.id());
        if (clients.decrementAndGet() == 0) {
            table.clear();
            keyspace.unlisten(listener, () -> !active());
        }
    }

    /**
     * Whose command runs on this thread from here on; null for nobody's: then those are told that hear of all keys of a prefix, of
     * everything the command changed at once. Only told while somebody tracks.
     */
    public void running(@Nullable Client client) {
        Running now = running.get();
        now.client = client;
        if (client == null && !now.due.isEmpty()) {
            now.due.forEach(Broadcast::tellSoon);
            now.due.clear();
        }
    }

    /** The client reads a key of a segment this thread holds. */
    public void remember(Client client, byte[] key) {
        TrackingMode mode = client.tracking();
        if (mode == null || !mode.remembers(client.caching())) {
            return;
        }
        table.merge(new Channel(key), new long[] {client.id()}, this::with);
        if (table.size() > limit) {
            forgetSome();
        }
    }

    private long[] with(long[] ids, long[] more) {
        for (long id : ids) {
            if (id == more[0]) {
                return ids;
            }
        }
        long[] kept = ids;
        if (ids.length >= MANY && Integer.bitCount(ids.length) == 1) {
            // A key that is read and never changed would keep the ids of all who ever read it.
            kept = Arrays.stream(ids)
                    .filter(id -> invalidations.find(id) != null)
                    .toArray();
        }
        long[] joined = Arrays.copyOf(kept, kept.length + 1);
        joined[kept.length] = more[0];
        return joined;
    }

    private void forgetSome() {
        if (!evicting.tryLock()) {
            return;
        }
        try {
            Iterator<Map.Entry<Channel, long[]>> next = hand;
            while (table.size() > limit) {
                if (next == null || !next.hasNext()) {
                    next = table.entrySet().iterator();
                    hand = next;
                }
                invalidate(next.next().getKey(), null);
            }
        } finally {
            evicting.unlock();
        }
    }

    private void changed(Change change) {
        if (change.kind() == Change.Kind.FLUSHED) {
            return;
        }
        Channel key = new Channel(change.key());
        Running now = running.get();
        // What time or memory takes is nobody's own change, whoever's command came upon it.
        boolean own = change.kind() != Change.Kind.EXPIRED && change.kind() != Change.Kind.EVICTED;
        Client by = own ? now.client : null;
        for (Broadcast broadcast : broadcasts) {
            if (broadcast.changed(key, by)) {
                if (now.client == null) {
                    broadcast.tellSoon();
                } else {
                    now.due.add(broadcast);
                }
            }
        }
        invalidate(key, by);
    }

    private void invalidate(Channel key, @Nullable Client by) {
        long[] ids = table.remove(key);
        if (ids == null) {
            return;
        }
        for (long id : ids) {
            Client client = invalidations.find(id);
            TrackingMode mode = client == null ? null : client.tracking();
            if (client != null && mode != null && !mode.broadcast() && !(mode.noLoop() && client.equals(by))) {
                invalidations.send(client, List.of(key.bytes()));
            }
        }
    }

    /** FLUSHDB or FLUSHALL: everybody is to forget everything. */
    public void flushed() {
        table.clear();
        invalidations.all().stream()
                .filter(client -> client.tracking() != null)
                .forEach(client -> invalidations.send(client, null));
    }
}
