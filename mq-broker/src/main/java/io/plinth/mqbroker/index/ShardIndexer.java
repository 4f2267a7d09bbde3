package io.plinth.mqbroker.index;

import io.plinth.mqbroker.log.Change;
import io.plinth.mqbroker.log.ChangeCodec;
import io.plinth.mqbroker.log.ChangeListener;
import io.plinth.mqbroker.log.Effect;
import io.plinth.mqbroker.log.Message;
import io.plinth.mqbroker.log.SegmentLog;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;
import org.rocksdb.RocksDBException;
import org.rocksdb.WriteBatch;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Owned by its log's writer thread. Follows a shard's log: keeps the net change since the last checkpoint in memory (a message that came
 * and went between two is never written), writes it to RocksDB with the position it covers, and drops segments without a live message,
 * oldest first, so that a settlement never goes before its message.
 */
public final class ShardIndexer implements ChangeListener {
    private static final Logger LOG = LoggerFactory.getLogger(ShardIndexer.class);
    private static final int CHECKPOINT_AT = 20_000;

    private record Key(long queueId, long id) {}

    private record Place(
            long position,
            long expiresAt,
            int size,
            int priority,
            @Nullable String group) {
        byte[] bytes() {
            byte[] text = group == null ? new byte[0] : group.getBytes(StandardCharsets.UTF_8);
            boolean marked = priority > 0 || group != null;
            ByteBuffer out = ByteBuffer.allocate(20 + (marked ? 2 + text.length : 0))
                    .putLong(position)
                    .putLong(expiresAt)
                    .putInt(size);
            if (marked) {
                out.put((byte) priority).put((byte) (group == null ? 0 : 1)).put(text);
            }
            return out.array();
        }

        static Place of(byte[] value) {
            ByteBuffer in = ByteBuffer.wrap(value);
            long position = in.getLong();
            long expiresAt = in.getLong();
            int size = in.getInt();
            int priority = in.hasRemaining() ? in.get() & 0xFF : 0;
            boolean grouped = in.hasRemaining() && in.get() == 1;
            return new Place(
                    position,
                    expiresAt,
                    size,
                    priority,
                    grouped ? new String(value, in.position(), in.remaining(), StandardCharsets.UTF_8) : null);
        }
    }

    private final int shard;
    private final RocksIndex index;
    private final SegmentLog log;
    private final TreeMap<Integer, Long> live = new TreeMap<>();
    private final Map<Key, Place> added = new LinkedHashMap<>();
    private final List<Key> removed = new ArrayList<>();
    private final Map<Long, Long> delivered = new HashMap<>();
    private final Set<Long> dropped = new HashSet<>();
    private final QueueMarks marks;
    private final CopyForward copyForward;
    /** Octets of live messages, by segment. */
    private final Map<Integer, Long> liveBytes = new HashMap<>();
    /** Those the index has at another place. */
    private final Set<Key> overwritten = new HashSet<>();
    /** Where messages went that their shard still knows at the old place. */
    private final Map<Key, Long> moving = new HashMap<>();

    private @Nullable Relocation relocation;
    private Covered appended = Covered.NOTHING;
    private Covered written = Covered.NOTHING;

    private ShardIndexer(int shard, RocksIndex index, SegmentLog log) {
        this.shard = shard;
        this.index = index;
        this.log = log;
        this.marks = new QueueMarks(shard);
        this.copyForward = new CopyForward(shard, log);
    }

    /** Tells the shard where messages went; {@code then} must run on the writer's thread once the old place is not read any more. */
    @FunctionalInterface
    public interface Relocation {
        void moved(List<CopyForward.Move> moves, Runnable then);
    }

    /** Without it nothing is copied forward. */
    public void relocation(Relocation told) {
        relocation = told;
    }

    /**
     * A shard as it was left.
     *
     * @param recovered what its queues held
     */
    public record Opened(ShardIndexer indexer, RecoveredShard recovered) {}

    /** Reads what the index has of a shard and the log behind it; messages of queues that no longer exist are forgotten. */
    public static Opened open(int shard, RocksIndex index, SegmentLog log, Set<Long> queueIds) throws IOException {
        ShardIndexer indexer = new ShardIndexer(shard, index, log);
        RecoveredShard recovered = indexer.recover();
        for (long queueId : List.copyOf(recovered.queues().keySet())) {
            if (!queueIds.contains(queueId)) {
                recovered.queues().remove(queueId);
                indexer.forget(queueId);
            }
        }
        indexer.count(recovered);
        return new Opened(indexer, recovered);
    }

    private RecoveredShard recover() throws IOException {
        Covered covered = Covered.of(index.get(Keys.covered(shard)));
        RecoveredShard recovered = new RecoveredShard();
        TreeSet<Integer> segments = new TreeSet<>();
        log.segments().forEach(segment -> segments.add(segment.id()));
        if (ahead(covered.position(), segments)) {
            LOG.warn("shard {}: the index is ahead of the log and is rebuilt from it", shard);
            covered = Covered.NOTHING;
        }
        if (covered.position() == 0) {
            clear();
        } else {
            load(segments, recovered);
            recovered.reached(covered.epoch(), covered.sequence());
        }
        appended = covered;
        written = covered;
        log.replay(covered.position(), (position, record) -> replay(position, record, recovered));
        return recovered;
    }

    private void replay(long position, ByteBuffer record, RecoveredShard into) throws IOException {
        Change change = ChangeCodec.read(shard, position, record);
        if (into.sequence() != 0 && change.previous() > into.sequence()) {
            LOG.error(
                    "shard {}: changes {} to {} are missing from the log: a synced record was damaged",
                    shard,
                    into.sequence() + 1,
                    change.previous());
        }
        into.replay(change);
        appended(change, position);
    }

    /** Whether what the index covers is not in the log, although it cannot have been deleted: segments go oldest first, the last never. */
    private boolean ahead(long covered, TreeSet<Integer> segments) {
        int segment = SegmentLog.segmentOf(covered);
        return segments.contains(segment) ? !readable(covered) : segments.lower(segment) != null;
    }

    private boolean readable(long position) {
        try {
            log.read(position);
            return true;
        } catch (IOException e) {
            return false;
        }
    }

    private void clear() throws IOException {
        try (WriteBatch batch = new WriteBatch()) {
            batch.deleteRange(Keys.messages(shard), RocksIndex.next(Keys.messages(shard)));
            batch.deleteRange(Keys.delivered(shard), RocksIndex.next(Keys.delivered(shard)));
            marks.clear(batch);
            index.write(batch);
        } catch (RocksDBException e) {
            throw new IOException("index clear: " + e.getMessage(), e);
        }
    }

    private void load(Set<Integer> segments, RecoveredShard into) throws IOException {
        Map<Long, Message> byPosition = new HashMap<>();
        index.scan(Keys.messages(shard), (key, value) -> {
            Place place = Place.of(value);
            ByteBuffer name = ByteBuffer.wrap(key, 2, 16);
            long queueId = name.getLong();
            long id = name.getLong();
            // A segment goes only once all its messages are settled, so an entry that points to none is stale.
            if (segments.contains(SegmentLog.segmentOf(place.position()))) {
                Message message = byPosition.computeIfAbsent(place.position(), at -> new Message(at, place.size()));
                into.add(
                        queueId,
                        id,
                        new RecoveredShard.Entry(message, place.expiresAt(), place.priority(), place.group()));
            } else {
                removed.add(new Key(queueId, id));
            }
        });
        marks.load(index, into);
        index.scan(
                Keys.delivered(shard),
                (key, value) -> into.delivered(
                        ByteBuffer.wrap(key).getLong(2), ByteBuffer.wrap(value).getLong()));
    }

    private void forget(long queueId) {
        added.keySet().removeIf(key -> key.queueId() == queueId);
        dropped.add(queueId);
        marks.dropped(queueId);
    }

    private void count(RecoveredShard recovered) {
        live.clear();
        liveBytes.clear();
        recovered
                .queues()
                .values()
                .forEach(entries -> entries.values()
                        .forEach(entry -> entered(
                                entry.message().position(), entry.message().size(), 1)));
    }

    @Override
    public void appended(Change change, long position) {
        appended = new Covered(position, change.epoch(), change.sequence());
        switch (change.effect()) {
            case Effect.Enqueued e -> {
                for (Effect.Target target : e.targets()) {
                    added.put(
                            new Key(target.queueId(), change.sequence()),
                            new Place(
                                    position,
                                    target.expiresAt(),
                                    e.message().size(),
                                    target.priority(),
                                    target.group()));
                    marks.entered(target, change.sequence());
                }
                entered(position, e.message().size(), e.targets().size());
            }
            case Effect.Settled e -> {
                for (long id : e.ids()) {
                    Key key = new Key(e.queueId(), id);
                    if (added.remove(key) == null || overwritten.remove(key)) {
                        removed.add(key);
                    }
                    marks.settled(e.queueId(), id);
                }
                for (int i = 0; i < e.messages().size(); i++) {
                    Message message = e.messages().get(i);
                    Long moved = moving.remove(new Key(e.queueId(), e.ids()[i]));
                    left(moved == null ? message.position() : moved, message.size());
                }
            }
            case Effect.DeliveredUpTo e -> delivered.put(e.queueId(), e.id());
            case Effect.Moved e -> {
                for (Effect.Target target : e.targets()) {
                    Key key = new Key(target.queueId(), e.sequence());
                    added.put(
                            key,
                            new Place(
                                    position,
                                    target.expiresAt(),
                                    e.message().size(),
                                    target.priority(),
                                    target.group()));
                    overwritten.add(key);
                }
            }
            case Effect.Returned e -> marks.returned(e);
            case Effect.DedupForgotten e -> marks.forgotten(e);
            case Effect.QueueDropped e -> {
                forget(e.queueId());
                delivered.remove(e.queueId());
                e.messages().forEach(message -> left(message.position(), message.size()));
            }
            case Effect.OnDefinitions e ->
                throw new IllegalStateException("shard log: " + e + " (expected: an effect on messages)");
        }
    }

    private void entered(long position, int size, int queues) {
        live.merge(SegmentLog.segmentOf(position), (long) queues, Long::sum);
        liveBytes.merge(SegmentLog.segmentOf(position), (long) size * queues, Long::sum);
    }

    private void left(long position, int size) {
        live.merge(SegmentLog.segmentOf(position), -1L, Long::sum);
        liveBytes.merge(SegmentLog.segmentOf(position), -(long) size, Long::sum);
    }

    @Override
    public void synced() {
        if (added.size() + removed.size() >= CHECKPOINT_AT) {
            checkpoint();
        }
        reclaim();
    }

    @Override
    public void idle() {
        closed();
        try {
            forward();
        } catch (IOException e) {
            LOG.warn("shard {}: live messages were not copied forward: {}", shard, e.toString());
        }
    }

    @Override
    public void closed() {
        if (!appended.equals(written)) {
            checkpoint();
        }
        reclaim();
    }

    /** Empties the oldest segment where dead records take most of the log; the shard hears of it before the segment goes. */
    private void forward() throws IOException {
        List<SegmentLog.Segment> segments = log.segments();
        long bytes = liveBytes.values().stream().mapToLong(Long::longValue).sum();
        Relocation told = relocation;
        if (told == null || !moving.isEmpty() || !CopyForward.due(segments, bytes)) {
            return;
        }
        int oldest = segments.getFirst().id();
        if (oldest == log.current() || live.getOrDefault(oldest, 0L) <= 0) {
            return;
        }
        checkpoint();
        List<CopyForward.Move> moves =
                copyForward.copy(oldest, appended, this::livesAt, (change, position) -> appended(change, position));
        if (moves.isEmpty()) {
            return;
        }
        log.sync();
        for (CopyForward.Move move : moves) {
            Place place = added.get(new Key(move.queueId(), move.id()));
            int size = place == null ? 0 : place.size();
            entered(move.to(), size, 1);
            left(move.from(), size);
            moving.put(new Key(move.queueId(), move.id()), move.to());
        }
        // Counted at both places until the shard knows: a segment that is still read is not dropped.
        live.merge(oldest, 1L, Long::sum);
        checkpoint();
        told.moved(moves, () -> {
            moving.clear();
            live.merge(oldest, -1L, Long::sum);
            reclaim();
        });
    }

    private boolean livesAt(long queueId, long id, long position) throws IOException {
        byte[] value = index.get(Keys.message(shard, queueId, id));
        return value != null && Place.of(value).position() == position;
    }

    private void checkpoint() {
        try (WriteBatch batch = new WriteBatch()) {
            for (long queueId : dropped) {
                byte[] prefix = Keys.messages(shard, queueId);
                batch.deleteRange(prefix, RocksIndex.next(prefix));
                batch.delete(Keys.delivered(shard, queueId));
            }
            marks.write(batch, dropped);
            for (Key key : removed) {
                batch.delete(Keys.message(shard, key.queueId(), key.id()));
            }
            for (Map.Entry<Key, Place> entry : added.entrySet()) {
                Key key = entry.getKey();
                batch.put(
                        Keys.message(shard, key.queueId(), key.id()),
                        entry.getValue().bytes());
            }
            for (Map.Entry<Long, Long> entry : delivered.entrySet()) {
                batch.put(
                        Keys.delivered(shard, entry.getKey()),
                        ByteBuffer.allocate(8).putLong(entry.getValue()).array());
            }
            batch.put(Keys.covered(shard), appended.bytes());
            index.write(batch);
            written = appended;
            added.clear();
            removed.clear();
            delivered.clear();
            dropped.clear();
            marks.written();
            overwritten.clear();
        } catch (RocksDBException | IOException e) {
            LOG.warn("shard {}: the index stays behind the log: {}", shard, e.getMessage());
        }
    }

    private void reclaim() {
        try {
            boolean flushed = false;
            List<SegmentLog.Segment> segments = log.segments();
            // The last one stays although it is empty: it tells the next life where to count on, and no number may come
            // twice.
            for (SegmentLog.Segment segment : segments.subList(0, Math.max(0, segments.size() - 1))) {
                if (live.getOrDefault(segment.id(), 0L) > 0) {
                    return;
                }
                if (!flushed) {
                    checkpoint();
                    index.flush();
                    flushed = true;
                }
                log.drop(segment.id());
                live.remove(segment.id());
                liveBytes.remove(segment.id());
            }
        } catch (IOException e) {
            LOG.warn("shard {}: an empty segment was not deleted: {}", shard, e.toString());
        }
    }
}
