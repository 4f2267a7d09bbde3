package io.plinth.kvcache.persist.snapshot;

import io.plinth.kvcache.keyspace.Keyspace;
import io.plinth.kvcache.keyspace.Segment;
import java.io.IOException;
import java.util.List;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * Shared by the thread that saves and the loops: each loop encodes its share of the segments between its connections' commands, a slice at a
 * time, and rests; so nobody can lose the processor while holding what a command waits for, unless commands do.
 */
final class Encoding {
    /** Of each loop's time encoding takes at most one part in so many, and one. */
    private static final int REST = 8;

    /** How long a slice should take: it has fewer keys where it takes longer, as it does before the machine code is good. */
    private static final long SLICE = 40_000;

    private static final int FEWEST_KEYS = 2;
    private static final int MOST_KEYS = 64;

    private static final long LEAST_REST = 30_000;
    private static final long LONGEST_REST = 5_000_000;
    /** A segment that somebody has is tried again so much later. */
    private static final long RETRY = 500_000;

    /** As often it is looked whether somebody waits whose change finds no room. */
    private static final long PAUSE_MILLIS = 5;

    private static final int HANDED_OVER = 64 << 10;
    private static final int WAITING_A_LOOP = 4;
    /** What may wait to be written, and one more slice of each loop; a slice may be one large value. */
    private static final long WAITING_BYTES = 64 << 20;

    private final Keyspace keyspace;
    private final LongSupplier nanos;
    private final List<? extends ScheduledExecutorService> loops;
    private final BlockingQueue<Slices> ready;
    private final BlockingQueue<Slices> spare;
    private final AtomicInteger running;
    private final AtomicLong waiting = new AtomicLong();
    private final long mostWaiting;
    private final Share[] shares;
    private volatile boolean abandoned;
    private volatile @Nullable Throwable failure;

    Encoding(Keyspace keyspace, LongSupplier nanos, List<? extends ScheduledExecutorService> loops) {
        this(keyspace, nanos, loops, WAITING_BYTES);
    }

    Encoding(Keyspace keyspace, LongSupplier nanos, List<? extends ScheduledExecutorService> loops, long mostWaiting) {
        this.mostWaiting = mostWaiting;
        this.keyspace = keyspace;
        this.nanos = nanos;
        this.loops = loops;
        int waiting = WAITING_A_LOOP * loops.size();
        this.ready = new ArrayBlockingQueue<>(waiting);
        this.spare = new ArrayBlockingQueue<>(waiting);
        for (int i = 0; i < waiting; i++) {
            spare.add(new Slices());
        }
        this.running = new AtomicInteger(loops.size());
        this.shares = new Share[loops.size()];
    }

    /** Has the loops begin. */
    void begin() {
        for (int i = 0; i < shares.length; i++) {
            shares[i] = new Share(loops.get(i), i);
            shares[i].again(0);
        }
    }

    /** What is to be done while nothing is there to be written. */
    interface Pause {
        void pause() throws IOException;
    }

    /** What is encoded and not written. */
    long waiting() {
        return waiting.get();
    }

    /** The next slices, to be given back; null when all segments are written. Waits, and {@code meanwhile} now and then. */
    @Nullable
    Slices next(Pause meanwhile) throws IOException {
        try {
            while (true) {
                boolean all = running.get() == 0;
                Slices next = ready.poll(all ? 0 : PAUSE_MILLIS, TimeUnit.MILLISECONDS);
                if (next != null || all) {
                    return next;
                }
                meanwhile.pause();
                Throwable why = failure;
                if (why != null) {
                    throw new IOException("snapshot: " + why.getMessage(), why);
                }
                if (loops.stream().anyMatch(ScheduledExecutorService::isShutdown)) {
                    throw new IOException("snapshot: the node's loops ended before it was written");
                }
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IOException("snapshot: interrupted", e);
        }
    }

    /** They are written. */
    void done(Slices slices) {
        waiting.addAndGet(-slices.size());
        slices.clear();
        spare.add(slices);
    }

    /** Nothing more is wanted. */
    void abandon() {
        abandoned = true;
    }

    long keys() {
        long sum = 0;
        for (Share share : shares) {
            sum += share.encoder.keys();
        }
        return sum;
    }

    long longestNanos() {
        long longest = 0;
        for (Share share : shares) {
            longest = Math.max(longest, share.encoder.longestNanos());
        }
        return longest;
    }

    /** Owned by its loop. */
    private final class Share implements Runnable {
        private final ScheduledExecutorService loop;
        private final SegmentEncoder encoder = new SegmentEncoder(keyspace);
        private int index;
        private int keys = FEWEST_KEYS;
        private @Nullable Slices slices;

        Share(ScheduledExecutorService loop, int first) {
            this.loop = loop;
            this.index = first;
        }

        private void again(long rest) {
            try {
                loop.schedule(this, rest, TimeUnit.NANOSECONDS);
            } catch (RejectedExecutionException e) {
                failure = e;
            }
        }

        @Override
        public void run() {
            if (abandoned) {
                encoder.abandon();
                return;
            }
            try {
                long rest = step();
                if (rest >= 0) {
                    again(rest);
                }
            } catch (RuntimeException | Error e) {
                encoder.abandon();
                failure = e;
            }
        }

        /** Encodes a slice; answers how long to rest then, negative at the end. */
        private long step() {
            Slices into = slices;
            if (into == null && waiting.get() < mostWaiting) {
                into = spare.poll();
            }
            slices = into;
            if (into == null) {
                return LONGEST_REST;
            }
            Segment segment = keyspace.at(index);
            if (!segment.tryLock()) {
                return RETRY;
            }
            long begun = nanos.getAsLong();
            boolean over;
            try {
                over = encoder.slice(index, keys, into);
            } finally {
                segment.unlock();
            }
            long took = nanos.getAsLong() - begun;
            encoder.held(took);
            keys = took > SLICE ? Math.max(FEWEST_KEYS, keys / 2) : Math.min(MOST_KEYS, keys + 1);
            index += over ? loops.size() : 0;
            boolean all = index >= Keyspace.SEGMENTS;
            if (into.size() >= HANDED_OVER || all) {
                slices = null;
                waiting.addAndGet(into.size());
                ready.add(into);
            }
            if (all) {
                running.decrementAndGet();
                return -1;
            }
            return Math.clamp(REST * took, LEAST_REST, LONGEST_REST);
        }
    }
}
