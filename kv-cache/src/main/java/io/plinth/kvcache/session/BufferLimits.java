package io.plinth.kvcache.session;

import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.LongAdder;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Shared by all loops: how many bytes may wait for a client of each class until it takes them, at once and for how long ({@code
 * client-output-buffer-limit}). A client that has more waiting is cut off, and no other is touched.
 */
public final class BufferLimits {
    private static final Logger LOG = LoggerFactory.getLogger(BufferLimits.class);
    /** As Redis's, for what is shown; a file for SYNC is sent piece by piece, so that nothing gathers. */
    private static final Limit REPLICA = new Limit(256L << 20, 64L << 20, 60);

    private static final long SOFT = 8L << 20;
    private static final long SOFT_SECONDS = 60;

    private final long most;
    private final long pushed;
    private final LongAdder cut = new LongAdder();
    private volatile List<Limit> limits;
    private volatile int least;
    private volatile boolean soft;

    /** Who waits for bytes, in the order in which Redis shows them. */
    public enum ClientClass {
        NORMAL,
        /** Gets a file of all keys. */
        REPLICA,
        /** Listens to channels. */
        PUBSUB
    }

    /**
     * What may wait for a client.
     *
     * @param hard bytes at which it is cut at once; 0 for as many as the file allows
     * @param soft bytes that it may have waiting for a while; 0 for no such limit
     * @param seconds how long that is
     */
    public record Limit(long hard, long soft, long seconds) {}

    /** What the file says of clients and of those that listen, of which neither may have more than the larger, whatever is set. */
    public BufferLimits(long outputBuffer, long pubsubBuffer) {
        most = Math.max(outputBuffer, pubsubBuffer);
        pushed = pubsubBuffer;
        set(List.of(
                new Limit(outputBuffer, 0, 0),
                REPLICA,
                pubsubBuffer > SOFT ? new Limit(pubsubBuffer, SOFT, SOFT_SECONDS) : new Limit(pubsubBuffer, 0, 0)));
    }

    /** The limits by class. */
    public List<Limit> all() {
        return limits;
    }

    /** These count from now on. */
    public void set(List<Limit> next) {
        limits = List.copyOf(next);
        least = (int) Math.min(
                Integer.MAX_VALUE, next.stream().mapToLong(this::hard).min().orElse(most));
        soft = next.stream().anyMatch(limit -> limit.soft > 0);
    }

    private long hard(Limit limit) {
        return limit.hard == 0 ? most : Math.min(limit.hard, most);
    }

    Limit of(ClientClass which) {
        return limits.get(
                switch (which) {
                    case NORMAL -> 0;
                    case REPLICA -> 1;
                    case PUBSUB -> 2;
                });
    }

    private long hard(ClientClass which) {
        return hard(of(which));
    }

    /** How many bytes of replies may wait for a client; null for one that is only just there. */
    int most(@Nullable Client client) {
        long hard = hard(client == null ? ClientClass.NORMAL : client.bufferClass());
        return (int) Math.min(Integer.MAX_VALUE, hard);
    }

    /** How many bytes may wait for any client before somebody has to look whether they are too many. */
    int least() {
        return least;
    }

    /** Whether there is a class with a limit for a while. */
    boolean anySoft() {
        return soft;
    }

    /** Whether so many more bytes would be too many for a client; then it is cut. On its loop. */
    boolean cuts(Client client, long more) {
        return cuts(client, more, hard(client.bufferClass()));
    }

    /** The same for what a client did not ask for, and so may get without an end: never more than the file allows who listens. */
    boolean cutsPushed(Client client, long more) {
        ClientClass which = client.bufferClass();
        return cuts(client, more, which == ClientClass.NORMAL ? Math.min(hard(which), pushed) : hard(which));
    }

    private boolean cuts(Client client, long more, long hard) {
        if (client.waiting() + more < hard) {
            return false;
        }
        cut(client);
        return true;
    }

    /** Cuts a client for which too much has waited for too long. On its loop, now and then. */
    void look(Client client, long nowMillis) {
        Limit limit = of(client.bufferClass());
        long since = client.slowSince();
        if (limit.soft == 0 || client.waiting() < limit.soft) {
            client.slowSince(0);
        } else if (since == 0) {
            client.slowSince(nowMillis);
        } else if (nowMillis - since > TimeUnit.SECONDS.toMillis(limit.seconds)) {
            cut(client);
        }
    }

    /** Cuts a client, whatever is sent of what waits for it. */
    void cut(Client client) {
        if (!client.closing()) {
            cut.increment();
            LOG.info(
                    "client {} cut: it does not take what waits for it (client-output-buffer-limit)", client.address());
        }
        client.abort();
    }

    /** How many clients were cut. */
    public long cut() {
        return cut.sum();
    }

    void resetCounts() {
        cut.reset();
    }
}
