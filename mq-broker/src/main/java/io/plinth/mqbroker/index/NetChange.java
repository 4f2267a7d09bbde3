package io.plinth.mqbroker.index;

import io.plinth.mqbroker.log.SegmentLog;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.rocksdb.RocksDBException;
import org.rocksdb.WriteBatch;

/** Owned by its log's writer thread. Which messages came, changed and went since the last checkpoint: one that did all is never written. */
final class NetChange {
    /** A message in one queue. */
    record Key(long queueId, long id) {}

    private final int shard;
    private final RocksIndex index;
    private final Ledger ledger;
    /** What the index is to have. */
    private final Map<Key, Place> added = new LinkedHashMap<>();
    /** What the index has and must not have any more, at least not as it is. */
    private final Map<Key, Place> stale = new LinkedHashMap<>();

    NetChange(int shard, RocksIndex index, Ledger ledger) {
        this.shard = shard;
        this.index = index;
        this.ledger = ledger;
    }

    int size() {
        return added.size() + stale.size();
    }

    /** Where a live message stands, null where there is none. */
    @Nullable
    Place lookup(Key key) {
        Place place = added.get(key);
        if (place != null || stale.containsKey(key)) {
            return place;
        }
        try {
            byte[] value = index.get(Keys.message(shard, key.queueId(), key.id()));
            return value == null ? null : Place.of(value);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** A message came. */
    void stands(Key key, Place place) {
        added.put(key, place);
        ledger.entered(
                key.queueId(), place.lane(), SegmentLog.segmentOf(place.position()), place.size(), place.bodySize());
    }

    /** A message stands elsewhere, or is found by another time. */
    void changed(Key key, Place before, Place after) {
        left(key, before);
        if (!added.containsKey(key)) {
            stale.put(key, before);
        }
        stands(key, after);
    }

    /** A message is gone for good. */
    void settled(Key key, Place place) {
        if (added.remove(key) == null) {
            stale.put(key, place);
        }
        left(key, place);
    }

    private void left(Key key, Place place) {
        ledger.left(
                key.queueId(), place.lane(), SegmentLog.segmentOf(place.position()), place.size(), place.bodySize());
    }

    /** A queue is gone with all it had. */
    void forget(long queueId) {
        added.keySet().removeIf(key -> key.queueId() == queueId);
        stale.keySet().removeIf(key -> key.queueId() == queueId);
    }

    void clear(WriteBatch batch) throws RocksDBException {
        for (byte[] kind :
                new byte[][] {Keys.messages(shard), Keys.lanes(shard), Keys.times(shard), Keys.groups(shard)}) {
            batch.deleteRange(kind, RocksIndex.next(kind));
        }
    }

    /** A queue that is gone leaves nothing behind. */
    void drop(WriteBatch batch, long queueId) throws RocksDBException {
        for (byte[] rows : new byte[][] {
            Keys.messages(shard, queueId),
            Keys.lanes(shard, queueId),
            Keys.times(shard, queueId),
            Keys.groups(shard, queueId)
        }) {
            batch.deleteRange(rows, RocksIndex.next(rows));
        }
    }

    void write(WriteBatch batch) throws RocksDBException {
        Departures gone = new Departures(shard);
        for (Map.Entry<Key, Place> entry : stale.entrySet()) {
            Key key = entry.getKey();
            Place now = added.get(key);
            delete(batch, key, entry.getValue(), now);
            if (now == null) {
                gone.add(key.queueId(), key.id());
            }
        }
        gone.write(batch);
        for (Map.Entry<Key, Place> entry : added.entrySet()) {
            put(batch, entry.getKey(), entry.getValue());
        }
    }

    /** Deletes what is found otherwise than by its id. */
    private void delete(WriteBatch batch, Key key, Place old, @Nullable Place now) throws RocksDBException {
        if (old.timed() && (now == null || now.until() != old.until())) {
            batch.delete(Keys.time(shard, key.queueId(), old.until(), key.id()));
        }
        if (now != null) {
            return;
        }
        if (old.priority() > 0) {
            batch.delete(Keys.lane(shard, key.queueId(), old.priority(), key.id()));
        }
        if (old.group() != null) {
            batch.delete(Keys.group(shard, key.queueId(), old.group(), key.id()));
        }
    }

    private void put(WriteBatch batch, Key key, Place place) throws RocksDBException {
        byte[] value = place.bytes();
        batch.put(Keys.message(shard, key.queueId(), key.id()), value);
        if (place.priority() > 0) {
            batch.put(Keys.lane(shard, key.queueId(), place.priority(), key.id()), value);
        }
        if (place.timed()) {
            batch.put(Keys.time(shard, key.queueId(), place.until(), key.id()), value);
        }
        if (place.group() != null) {
            batch.put(Keys.group(shard, key.queueId(), place.group(), key.id()), value);
        }
    }

    /** What was written is on record. */
    void written() {
        added.clear();
        stale.clear();
    }
}
