package io.plinth.mqbroker.index;

import io.plinth.mqbroker.log.Change;
import io.plinth.mqbroker.log.ChangeCodec;
import io.plinth.mqbroker.log.ChangeListener;
import io.plinth.mqbroker.log.Effect;
import io.plinth.mqbroker.log.Message;
import io.plinth.mqbroker.log.SegmentLog;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
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

    private final int shard;
    private final RocksIndex index;
    private final SegmentLog log;
    private final Ledger ledger;
    private final NetChange net;
    /** Queues of delayed messages: a record of an older release has their time where others expire. */
    private final Set<Long> delayed;

    private final Map<Long, Long> delivered = new HashMap<>();
    private final Set<Long> dropped = new HashSet<>();
    private final QueueMarks marks;
    private final CopyForward copyForward;
    /** Where messages went that their shard still knows at the old place. */
    private final Map<NetChange.Key, Long> moving = new HashMap<>();

    /** What is made anew now; null for nothing. */
    private @Nullable OlderIndex older;

    private boolean relocating;
    private @Nullable Listener listener;
    private Covered appended = Covered.NOTHING;
    private Covered written = Covered.NOTHING;

    private ShardIndexer(int shard, RocksIndex index, SegmentLog log, Set<Long> delayed) {
        this.shard = shard;
        this.index = index;
        this.log = log;
        this.delayed = Set.copyOf(delayed);
        this.ledger = new Ledger(shard);
        this.net = new NetChange(shard, index, ledger);
        this.marks = new QueueMarks(shard);
        this.copyForward = new CopyForward(shard, log);
    }

    /** What the shard is told, on the writer's thread. */
    public interface Listener {
        /** Messages stand elsewhere; {@code then} must run on the writer's thread once the old places are not read any more. */
        void moved(List<CopyForward.Move> moves, Runnable then);

        /** What happened up to the sequence is in the index. */
        void indexed(long sequence);
    }

    /** Without one nothing is copied forward. */
    public void listener(Listener told) {
        listener = told;
    }

    /**
     * A shard as it was left.
     *
     * @param recovered what its queues held
     */
    public record Opened(ShardIndexer indexer, RecoveredShard recovered) {}

    /**
     * Brings the index up to the end of the log; messages of queues that no longer exist are forgotten.
     *
     * @param delayed those of the queues that keep delayed messages
     */
    public static Opened open(int shard, RocksIndex index, SegmentLog log, Set<Long> queueIds, Set<Long> delayed)
            throws IOException {
        ShardIndexer indexer = new ShardIndexer(shard, index, log, delayed);
        RecoveredShard recovered = indexer.recover();
        for (long queueId : List.copyOf(indexer.ledger.queueIds())) {
            if (queueIds.contains(queueId)) {
                recovered.holds(queueId, indexer.ledger.holdings(queueId));
            } else {
                indexer.forget(queueId);
            }
        }
        indexer.write();
        indexer.madeAnew();
        return new Opened(indexer, recovered);
    }

    /** The older index is gone only with the new one whole: a start that is killed in between begins again. */
    private void madeAnew() throws IOException {
        if (older == null) {
            return;
        }
        try (WriteBatch batch = new WriteBatch()) {
            older.delete(batch);
            index.write(batch);
        } catch (RocksDBException e) {
            throw new IOException("index clear: " + e.getMessage(), e);
        }
        older = null;
    }

    private RecoveredShard recover() throws IOException {
        Covered covered = Covered.of(index.get(Keys.followed(shard)));
        RecoveredShard recovered = new RecoveredShard();
        TreeSet<Integer> segments = new TreeSet<>();
        log.segments().forEach(segment -> segments.add(segment.id()));
        if (ahead(covered.position(), segments)) {
            LOG.warn("shard {}: the index is ahead of the log and is rebuilt from it", shard);
            covered = Covered.NOTHING;
        }
        OlderIndex before = OlderIndex.of(index, shard);
        if (before != null) {
            older = before;
            covered = Covered.NOTHING;
            boolean keeps = !ahead(before.covered().position(), segments);
            LOG.info("shard {}: the index is of an older release and is made anew", shard);
            clear(!keeps);
            if (keeps) {
                loadMarks(recovered);
            } else {
                before.forget();
            }
        } else if (covered.position() == 0) {
            clear(true);
        } else {
            load(recovered);
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
        if (net.size() >= CHECKPOINT_AT) {
            write();
        }
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

    private void clear(boolean marksToo) throws IOException {
        try (WriteBatch batch = new WriteBatch()) {
            net.clear(batch);
            if (marksToo) {
                batch.deleteRange(Keys.delivered(shard), RocksIndex.next(Keys.delivered(shard)));
                marks.clear(batch);
            }
            ledger.clear(batch);
            index.write(batch);
        } catch (RocksDBException e) {
            throw new IOException("index clear: " + e.getMessage(), e);
        }
    }

    private void load(RecoveredShard into) throws IOException {
        ledger.load(index);
        loadMarks(into);
    }

    private void loadMarks(RecoveredShard into) throws IOException {
        marks.load(index, into);
        index.scan(
                Keys.delivered(shard),
                (key, value) -> into.delivered(
                        ByteBuffer.wrap(key).getLong(2), ByteBuffer.wrap(value).getLong()));
    }

    private void forget(long queueId) {
        net.forget(queueId);
        dropped.add(queueId);
        marks.dropped(queueId);
        ledger.dropped(queueId);
    }

    @Override
    public void appended(Change change, long position) {
        appended = new Covered(position, change.epoch(), change.sequence());
        switch (change.effect()) {
            case Effect.Enqueued e -> {
                for (Effect.Target target : e.targets()) {
                    net.stands(
                            new NetChange.Key(target.queueId(), change.sequence()),
                            place(target, e.message(), position));
                    marks.entered(target, change.sequence());
                }
            }
            case Effect.Settled e -> settled(e);
            case Effect.DeliveredUpTo e -> delivered.put(e.queueId(), e.id());
            case Effect.Moved e -> {
                for (Effect.Target target : e.targets()) {
                    NetChange.Key key = new NetChange.Key(target.queueId(), e.sequence());
                    Place before = net.lookup(key);
                    Place after = place(target, e.message(), position);
                    if (before == null) {
                        net.stands(key, older == null || target.hold() != null ? after : older.moved(key, after));
                    } else {
                        // A record without them is of a release that said both apart: what is known of it goes on.
                        net.changed(
                                key,
                                before,
                                target.hold() == null ? after.returned(before.returns(), before.until()) : after);
                    }
                }
            }
            case Effect.Returned e -> returned(e);
            case Effect.DedupForgotten e -> marks.forgotten(e);
            case Effect.QueueDropped e -> {
                forget(e.queueId());
                delivered.remove(e.queueId());
            }
            case Effect.OnDefinitions e ->
                throw new IllegalStateException("shard log: " + e + " (expected: an effect on messages)");
        }
    }

    private Place place(Effect.Target target, Message message, long position) {
        Place place = Place.of(target, message.size(), message.bodySize(), position);
        return target.hold() == null && delayed.contains(target.queueId()) ? place.due() : place;
    }

    private void returned(Effect.Returned effect) {
        NetChange.Key key = new NetChange.Key(effect.queueId(), effect.id());
        Place before = dropped.contains(effect.queueId()) ? null : net.lookup(key);
        if (before != null) {
            net.changed(key, before, before.returned(effect.count(), effect.availableAt()));
        }
    }

    private void settled(Effect.Settled effect) {
        if (dropped.contains(effect.queueId())) {
            return;
        }
        long[] ids = effect.ids();
        for (int i = 0; i < ids.length; i++) {
            NetChange.Key key = new NetChange.Key(effect.queueId(), ids[i]);
            Effect.Settled.Left message = effect.left(i);
            if (message == null) {
                Place place = net.lookup(key);
                if (place != null) {
                    net.settled(key, place);
                }
            } else {
                Long moved = moving.remove(key);
                long position = moved == null ? message.position() : moved;
                net.settled(
                        key,
                        new Place(
                                position,
                                Long.MAX_VALUE,
                                message.size(),
                                message.bodySize(),
                                message.priority(),
                                null,
                                0,
                                message.until()));
            }
        }
    }

    @Override
    public void synced() {
        if (net.size() >= CHECKPOINT_AT) {
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
        Listener told = listener;
        if (told == null || relocating || !CopyForward.due(segments, ledger.liveBytes())) {
            return;
        }
        int oldest = segments.getFirst().id();
        if (oldest == log.current() || ledger.liveIn(oldest) <= 0) {
            return;
        }
        if (!checkpoint()) {
            return;
        }
        List<CopyForward.Move> moves =
                copyForward.copy(oldest, appended, this::placeAt, (change, position) -> appended(change, position));
        if (moves.isEmpty()) {
            return;
        }
        log.sync();
        relocating = true;
        moves.forEach(move -> moving.put(new NetChange.Key(move.queueId(), move.id()), move.to()));
        checkpoint();
        told.moved(moves, () -> {
            relocating = false;
            moving.clear();
            reclaim();
        });
    }

    /** Why each segment is there, oldest first; on the writer's thread. */
    public List<SegmentReport> report() {
        if (!appended.equals(written)) {
            checkpoint();
        }
        List<SegmentReport> reports = new ArrayList<>();
        List<SegmentLog.Segment> segments = log.segments();
        for (int i = 0; i < segments.size(); i++) {
            SegmentLog.Segment segment = segments.get(i);
            reports.add(new SegmentReport(
                    shard,
                    segment.id(),
                    segment.bytes(),
                    segment.id() == log.current(),
                    i == segments.size() - 1,
                    i > 0,
                    ledger.holders(segment.id()),
                    null));
        }
        return reports;
    }

    /** The same with the first live message of the segment, which is read for that; on any thread but a loop. */
    public SegmentReport withOldest(SegmentReport report) throws IOException {
        return report.with(copyForward.oldest(report.segment(), this::placeAt));
    }

    private @Nullable Place placeAt(long queueId, long id, long position) throws IOException {
        byte[] value = index.get(Keys.message(shard, queueId, id));
        Place place = value == null ? null : Place.of(value);
        return place != null && place.position() == position ? place : null;
    }

    /** Whether the index has everything now. */
    private boolean checkpoint() {
        try {
            write();
        } catch (IOException e) {
            LOG.warn("shard {}: the index stays behind the log: {}", shard, e.getMessage());
            return false;
        }
        if (listener != null) {
            listener.indexed(appended.sequence());
        }
        return true;
    }

    private void write() throws IOException {
        try (WriteBatch batch = new WriteBatch()) {
            for (long queueId : dropped) {
                net.drop(batch, queueId);
                batch.delete(Keys.delivered(shard, queueId));
            }
            marks.write(batch, dropped);
            net.write(batch);
            for (Map.Entry<Long, Long> entry : delivered.entrySet()) {
                batch.put(
                        Keys.delivered(shard, entry.getKey()),
                        ByteBuffer.allocate(8).putLong(entry.getValue()).array());
            }
            ledger.write(batch);
            batch.put(Keys.followed(shard), appended.bytes());
            index.write(batch);
        } catch (RocksDBException e) {
            throw new IOException(e.getMessage(), e);
        }
        written = appended;
        net.written();
        delivered.clear();
        dropped.clear();
        marks.written();
        ledger.written();
    }

    private void reclaim() {
        // What is being moved is read at its old place until its shard knows the new one.
        if (relocating) {
            return;
        }
        try {
            boolean flushed = false;
            List<SegmentLog.Segment> segments = log.segments();
            // The last one stays although it is empty: it tells the next life where to count on, and no number may come
            // twice.
            for (SegmentLog.Segment segment : segments.subList(0, Math.max(0, segments.size() - 1))) {
                if (ledger.liveIn(segment.id()) > 0) {
                    return;
                }
                if (!flushed) {
                    if (!checkpoint()) {
                        return;
                    }
                    index.flush();
                    flushed = true;
                }
                log.drop(segment.id());
                ledger.dropped(segment.id());
            }
        } catch (IOException e) {
            LOG.warn("shard {}: an empty segment was not deleted: {}", shard, e.toString());
        }
    }
}
