package io.plinth.lbproxy.limit;

import java.net.InetAddress;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;
import java.util.concurrent.atomic.AtomicLong;

/**
 * How many connections one address may have, over all listeners and loops. Holds an entry for each address that is
 * connected now, so the limit of connections bounds it. Thread-safe.
 */
public final class AddressLimit {
    private final ConcurrentMap<InetAddress, Integer> open = new ConcurrentHashMap<>();
    private final AtomicLong refused = new AtomicLong();
    private volatile int limit;

    /** Limits connections; 0 for no limit. */
    public AddressLimit(int limit) {
        this.limit = limit;
    }

    /** Sets another limit; connections above it live on. */
    public void change(int next) {
        limit = next;
    }

    /** Connections turned away so far. */
    public long refused() {
        return refused.get();
    }

    /** Counts one in, or refuses it. Each that entered must {@link #leave}. */
    public boolean enter(InetAddress address) {
        int most = limit;
        boolean[] entered = {true};
        open.compute(address, (key, count) -> {
            int now = count == null ? 0 : count;
            entered[0] = most == 0 || now < most;
            return entered[0] ? Integer.valueOf(now + 1) : count;
        });
        if (!entered[0]) {
            refused.incrementAndGet();
        }
        return entered[0];
    }

    /** Counts one out that had entered. */
    public void leave(InetAddress address) {
        open.computeIfPresent(address, (key, count) -> count <= 1 ? null : Integer.valueOf(count - 1));
    }

    /** Addresses that are connected now. */
    public int addresses() {
        return open.size();
    }
}
