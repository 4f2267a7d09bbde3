package io.plinth.kvcache.session;

import java.util.ArrayList;
import java.util.List;
import java.util.TreeSet;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/** Guarded by its own lock: the keys of a prefix that changed and that its client was not yet told of; told together. */
final class Broadcast {
    private final Channel prefix;
    private final Client client;
    private final Invalidations invalidations;
    private final ReentrantLock lock = new ReentrantLock();
    private TreeSet<Channel> changed = new TreeSet<>();

    Broadcast(Channel prefix, Client client, Invalidations invalidations) {
        this.prefix = prefix;
        this.client = client;
        this.invalidations = invalidations;
    }

    Channel prefix() {
        return prefix;
    }

    Client client() {
        return client;
    }

    boolean same(Broadcast other) {
        return client.id() == other.client.id() && prefix.equals(other.prefix);
    }

    /** A key changed by a client's command, or by none; answers whether it is the first, so that somebody is to be told. */
    boolean changed(Channel key, @Nullable Client by) {
        TrackingMode mode = client.tracking();
        if (mode == null || !key.startsWith(prefix) || (mode.noLoop() && client.equals(by))) {
            return false;
        }
        lock.lock();
        try {
            boolean first = changed.isEmpty();
            changed.add(key);
            return first;
        } finally {
            lock.unlock();
        }
    }

    /** Tells what changed so far, on the client's loop. */
    void tellSoon() {
        client.outlet().later(this::tell);
    }

    private void tell() {
        List<byte[]> keys = new ArrayList<>();
        lock.lock();
        try {
            changed.forEach(key -> keys.add(key.bytes()));
            changed = new TreeSet<>();
        } finally {
            lock.unlock();
        }
        if (client.tracking() != null) {
            invalidations.send(client, keys);
        }
    }
}
