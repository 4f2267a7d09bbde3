package io.plinth.kvcache.session;

import java.util.Collection;
import java.util.Comparator;
import java.util.List;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.LongAdder;
import org.jspecify.annotations.Nullable;

/** Shared by all loops: who is connected, and the pause all of them observe. */
public final class Clients {
    private static final long LOOKS_MILLIS = 1_000;

    private final ConcurrentMap<Long, Client> byId = new ConcurrentHashMap<>();
    private final AtomicLong ids = new AtomicLong();
    private final LongAdder accepted = new LongAdder();
    private final LongAdder rejected = new LongAdder();
    private volatile int limit;
    private volatile long pausedUntil;
    private volatile boolean writesOnly;
    private final BufferLimits buffers;

    /** {@code limit}: how many there may be; {@code buffers}: what may wait for each. */
    public Clients(int limit, BufferLimits buffers) {
        this.limit = limit;
        this.buffers = buffers;
    }

    /** How many bytes may wait for each. */
    public BufferLimits buffers() {
        return buffers;
    }

    /** A number for the next connection. */
    public long nextId() {
        return ids.incrementAndGet();
    }

    /** Adds a client; answers false, and does not, when there are as many as may be. */
    public boolean add(Client client) {
        if (byId.size() >= limit) {
            rejected.increment();
            return false;
        }
        accepted.increment();
        byId.put(client.id(), client);
        return true;
    }

    /** Removes a client that is gone. */
    public void remove(Client client) {
        byId.remove(client.id());
    }

    /** The client of a number, or null. */
    public @Nullable Client find(long id) {
        return byId.get(id);
    }

    /** Everybody, oldest first. */
    public List<Client> all() {
        Collection<Client> values = byId.values();
        return values.stream().sorted(Comparator.comparingLong(Client::id)).toList();
    }

    public int count() {
        return byId.size();
    }

    public int limit() {
        return limit;
    }

    public void limit(int clients) {
        limit = clients;
    }

    public long accepted() {
        return accepted.sum();
    }

    public long rejected() {
        return rejected.sum();
    }

    /** Counts connections from here on. */
    public void resetCounts() {
        accepted.reset();
        rejected.reset();
        buffers.resetCounts();
    }

    /** Disconnects who does not take what waits for it, and who said nothing for so many seconds; 0 for nobody. From any thread, each second. */
    public void tick(long nowMillis, long seconds) {
        endSlow(nowMillis);
        endIdle(nowMillis, seconds);
    }

    private void endSlow(long nowMillis) {
        if (!buffers.anySoft()) {
            return;
        }
        for (Client client : byId.values()) {
            long soft = buffers.of(client.bufferClass()).soft();
            if (client.slowSince() != 0 || (soft > 0 && client.outlet().pending() >= soft)) {
                client.outlet().run(() -> buffers.look(client, nowMillis));
            }
        }
    }

    /** Who neither waits for a reply, sends a command or takes a reply, nor is subscribed, and did not within the last second. */
    private void endIdle(long nowMillis, long seconds) {
        if (seconds == 0) {
            return;
        }
        for (Client client : byId.values()) {
            if (nowMillis - client.seenMillis() < seconds * 1000 - 2 * LOOKS_MILLIS) {
                continue;
            }
            client.outlet().run(() -> {
                boolean waits = client.blocked() != null
                        || client.subscriptions() + client.shardChannels().size() > 0
                        || client.outlet().holds()
                        || client.moves();
                if (waits) {
                    // Its time begins when it has its reply, which may be just before the next look.
                    client.busyUntil(nowMillis + LOOKS_MILLIS);
                } else if (nowMillis - Math.max(client.seenMillis(), client.busyUntil()) > seconds * 1000) {
                    client.close();
                }
            });
        }
    }

    /** CLIENT PAUSE. */
    public void pause(long untilMillis, boolean onlyWrites) {
        writesOnly = onlyWrites;
        pausedUntil = Math.max(pausedUntil, untilMillis);
    }

    /** CLIENT UNPAUSE. */
    public void unpause() {
        pausedUntil = 0;
    }

    /** Whether a command has to wait. */
    public boolean paused(long nowMillis, boolean write) {
        return pausedUntil > nowMillis && (write || !writesOnly);
    }

    /** When the pause ends. */
    public long pausedUntil() {
        return pausedUntil;
    }
}
