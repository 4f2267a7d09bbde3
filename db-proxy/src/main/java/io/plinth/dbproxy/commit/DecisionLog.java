package io.plinth.dbproxy.commit;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.ThreadFactory;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Decisions to commit, on disk before any shard is told: what is not in it was not decided, and is rolled back. Its file is
 * owned by its own thread, which writes all that has come meanwhile and syncs once; asked and filled from any thread.
 */
final class DecisionLog implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(DecisionLog.class);
    private static final int QUEUE = 65_536;
    private static final int BATCH = 4096;

    /**
     * Settled decisions that are kept: a replica that is promoted may bring back a transaction as prepared whose commit
     * it had not received.
     */
    private static final int KEPT = 100_000;

    private static final long COMPACTED_ABOVE = 16L << 20;

    /** How a wish to decide ended. */
    enum Outcome {
        /** It is on disk. */
        DECIDED,
        /** It is surely not there. */
        REFUSED,
        /** The disk failed: only what a restart finds can tell. */
        UNKNOWN
    }

    private record Work(@Nullable Decision decision, TransactionId id, Consumer<Outcome> done) {}

    private final DecisionStore store;
    private final long owner;
    private final long start;
    private final long compactedAbove;
    private final BlockingQueue<Work> queue = new LinkedBlockingQueue<>(QUEUE);
    private final Map<TransactionId, Open> open = new ConcurrentHashMap<>();
    private final Set<TransactionId> kept = new LinkedHashSet<>();
    private final Thread writer;
    private volatile boolean broken;
    private volatile boolean closing;
    private long bytes;
    private long length;
    private long synced;

    /** A decision, and the shards that may not have it yet. */
    private record Open(Decision decision, Set<String> left) {}

    /** {@code chance} names a new log, and this run of it. */
    DecisionLog(DecisionStore store, long chance, long compactedAbove, ThreadFactory threads) throws IOException {
        this.store = store;
        this.start = chance;
        this.compactedAbove = compactedAbove;
        ByteBuffer stored = store.read();
        this.owner = stored.hasRemaining() ? DecisionRecords.owner(stored) : chance;
        read(stored);
        compact();
        this.writer = threads.newThread(this::write);
        writer.start();
    }

    static DecisionLog open(DecisionStore store, long chance) throws IOException {
        return new DecisionLog(
                store,
                chance,
                COMPACTED_ABOVE,
                Thread.ofPlatform().daemon().name("two-phase-log").factory());
    }

    private void read(ByteBuffer stored) throws IOException {
        if (!stored.hasRemaining()) {
            return;
        }
        for (DecisionRecords.Entry entry : DecisionRecords.all(stored)) {
            Decision decision = entry.decision();
            if (decision == null) {
                open.remove(entry.id());
                keep(entry.id());
            } else {
                add(decision);
            }
        }
    }

    private void add(Decision decision) {
        Set<String> left = ConcurrentHashMap.newKeySet();
        left.addAll(decision.shards());
        open.put(decision.id(), new Open(decision, left));
    }

    private void keep(TransactionId id) {
        synchronized (kept) {
            kept.add(id);
            if (kept.size() > KEPT) {
                kept.remove(kept.iterator().next());
            }
        }
    }

    /** Whose transactions these are, on the servers. */
    long owner() {
        return owner;
    }

    /** What tells the transactions of this run from those of earlier ones. */
    long start() {
        return start;
    }

    /** Whether the disk has failed: nothing more can be decided before a restart. */
    boolean broken() {
        return broken;
    }

    /** Writes a decision; the outcome is told on the log's thread, or at once where it is refused. */
    void decide(Decision decision, Consumer<Outcome> done) {
        if (broken || closing || !queue.offer(new Work(decision, decision.id(), done))) {
            done.accept(Outcome.REFUSED);
        }
    }

    /** Whether it was decided to commit. */
    boolean decided(TransactionId id) {
        if (open.containsKey(id)) {
            return true;
        }
        synchronized (kept) {
            return kept.contains(id);
        }
    }

    /** Whether it was decided and some shard may not have it yet. */
    boolean unsettled(TransactionId id) {
        return open.containsKey(id);
    }

    Collection<Decision> unsettled() {
        return open.values().stream().map(Open::decision).toList();
    }

    /** Decisions of a database that one of its shards may not have yet. */
    List<TransactionId> unsettled(String database, String shard) {
        return open.values().stream()
                .filter(each -> each.decision.database().equals(database) && each.left.contains(shard))
                .map(each -> each.decision.id())
                .toList();
    }

    /** A shard has it; once all have, the log need not know it for long. */
    void settled(TransactionId id, String shard) {
        Open found = open.get(id);
        if (found != null && found.left.remove(shard) && found.left.isEmpty()) {
            keep(id);
            open.remove(id);
            // Nobody waits for it: without it the shards are only asked once more after a restart.
            queue.offer(new Work(null, id, outcome -> {}));
        }
    }

    private void write() {
        List<Work> batch = new ArrayList<>();
        while (!closing || !queue.isEmpty()) {
            try {
                batch.add(queue.take());
                queue.drainTo(batch, BATCH);
                batch.removeIf(work -> work.id().equals(STOP));
                write(batch);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                return;
            } finally {
                batch.clear();
            }
        }
    }

    private void write(List<Work> batch) {
        boolean waitedFor = batch.stream().anyMatch(work -> work.decision() != null);
        if (broken) {
            batch.forEach(work -> work.done().accept(Outcome.REFUSED));
            return;
        }
        try {
            for (Work work : batch) {
                Decision decision = work.decision();
                byte[] record = decision == null
                        ? DecisionRecords.settled(work.id(), synced)
                        : DecisionRecords.decided(decision, synced);
                store.append(ByteBuffer.wrap(record));
                bytes += record.length;
                length += record.length;
            }
            if (waitedFor) {
                store.sync();
                synced = length;
            }
        } catch (IOException e) {
            broken = true;
            LOG.error("the log of decisions cannot be written; transactions over several shards are refused", e);
            batch.forEach(work -> work.done().accept(Outcome.UNKNOWN));
            return;
        }
        batch.forEach(work -> {
            Decision decision = work.decision();
            if (decision != null) {
                add(decision);
            }
        });
        batch.forEach(work -> work.done().accept(Outcome.DECIDED));
        if (bytes > compactedAbove) {
            try {
                compact();
            } catch (IOException e) {
                broken = true;
                LOG.error(
                        "the log of decisions cannot be made smaller; transactions over several shards are refused", e);
            }
        }
    }

    /** Writes anew what is still needed; a torn end goes with the rest. */
    private void compact() throws IOException {
        List<byte[]> records = new ArrayList<>();
        Set<TransactionId> settled;
        synchronized (kept) {
            settled = new LinkedHashSet<>(kept);
        }
        Set<TransactionId> unsettled = new HashSet<>();
        Map<TransactionId, Open> now = new LinkedHashMap<>(open);
        now.forEach((id, each) -> {
            unsettled.add(id);
            records.add(DecisionRecords.decided(each.decision(), 0));
        });
        settled.removeAll(unsettled);
        settled.forEach(id -> records.add(DecisionRecords.settled(id, 0)));
        int size = DecisionRecords.HEADER
                + records.stream().mapToInt(record -> record.length).sum();
        ByteBuffer contents = ByteBuffer.allocate(size);
        DecisionRecords.header(contents, owner, size);
        records.forEach(contents::put);
        store.replace(contents.flip());
        length = size;
        synced = size;
        // What stays must not make the next one due at once.
        bytes = size > compactedAbove / 2 ? 0 : size;
    }

    private static final TransactionId STOP = new TransactionId(0, 0);

    @Override
    public void close() {
        closing = true;
        try {
            queue.put(new Work(null, STOP, outcome -> {}));
            writer.join();
            store.close();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } catch (IOException e) {
            LOG.warn("the log of decisions was not closed", e);
        }
    }
}
