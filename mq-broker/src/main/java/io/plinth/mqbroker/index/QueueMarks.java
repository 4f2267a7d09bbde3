package io.plinth.mqbroker.index;

import io.plinth.mqbroker.log.Effect;
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
import org.rocksdb.RocksDBException;
import org.rocksdb.WriteBatch;

/**
 * Owned by its log's writer thread. What the index keeps of a shard's messages beside where they stand: how often they came back, and the
 * keys that queues remember; few messages have either.
 */
final class QueueMarks {
    private record Key(long queueId, long id) {}

    private final int shard;
    private final Map<Key, RecoveredShard.Return> returned = new LinkedHashMap<>();
    private final Map<Key, Effect.Dedup> remembered = new LinkedHashMap<>();
    private final Map<Long, Long> forgotten = new HashMap<>();
    private final List<Key> over = new ArrayList<>();
    /** Those the index has a count of. */
    private final Set<Key> counted = new HashSet<>();

    QueueMarks(int shard) {
        this.shard = shard;
    }

    void load(RocksIndex index, RecoveredShard into) throws IOException {
        index.scan(Keys.returned(shard), (key, value) -> {
            ByteBuffer name = ByteBuffer.wrap(key, 2, 16);
            ByteBuffer state = ByteBuffer.wrap(value);
            Key of = new Key(name.getLong(), name.getLong());
            counted.add(of);
            into.returned(of.queueId(), of.id(), new RecoveredShard.Return(state.getInt(), state.getLong()));
        });
        index.scan(Keys.dedup(shard), (key, value) -> {
            ByteBuffer name = ByteBuffer.wrap(key, 2, 16);
            long until = ByteBuffer.wrap(value).getLong();
            String text = new String(value, 8, value.length - 8, StandardCharsets.UTF_8);
            into.remembered(name.getLong(), name.getLong(), new Effect.Dedup(text, until));
        });
    }

    void clear(WriteBatch batch) throws RocksDBException {
        batch.deleteRange(Keys.returned(shard), RocksIndex.next(Keys.returned(shard)));
        batch.deleteRange(Keys.dedup(shard), RocksIndex.next(Keys.dedup(shard)));
    }

    void entered(Effect.Target target, long id) {
        if (target.dedup() != null) {
            remembered.put(new Key(target.queueId(), id), target.dedup());
        }
    }

    void returned(Effect.Returned effect) {
        Key key = new Key(effect.queueId(), effect.id());
        returned.put(key, new RecoveredShard.Return(effect.count(), effect.availableAt()));
        counted.add(key);
    }

    void settled(long queueId, long id) {
        if (counted.isEmpty()) {
            return;
        }
        Key key = new Key(queueId, id);
        if (counted.remove(key)) {
            returned.remove(key);
            over.add(key);
        }
    }

    void forgotten(Effect.DedupForgotten effect) {
        forgotten.put(effect.queueId(), effect.upTo());
    }

    void dropped(long queueId) {
        returned.keySet().removeIf(key -> key.queueId() == queueId);
        remembered.keySet().removeIf(key -> key.queueId() == queueId);
        counted.removeIf(key -> key.queueId() == queueId);
        forgotten.remove(queueId);
    }

    /** Adds what changed since the last checkpoint; {@code gone} are queues that were dropped since. */
    void write(WriteBatch batch, Set<Long> gone) throws RocksDBException {
        for (long queueId : gone) {
            batch.deleteRange(Keys.returned(shard, queueId), RocksIndex.next(Keys.returned(shard, queueId)));
            batch.deleteRange(Keys.dedup(shard, queueId), RocksIndex.next(Keys.dedup(shard, queueId)));
        }
        for (Map.Entry<Long, Long> entry : forgotten.entrySet()) {
            batch.deleteRange(
                    Keys.dedup(shard, entry.getKey()), Keys.dedup(shard, entry.getKey(), entry.getValue() + 1));
        }
        for (Key key : over) {
            batch.delete(Keys.returned(shard, key.queueId(), key.id()));
        }
        for (Map.Entry<Key, RecoveredShard.Return> entry : returned.entrySet()) {
            byte[] state = ByteBuffer.allocate(12)
                    .putInt(entry.getValue().count())
                    .putLong(entry.getValue().availableAt())
                    .array();
            batch.put(
                    Keys.returned(
                            shard, entry.getKey().queueId(), entry.getKey().id()),
                    state);
        }
        for (Map.Entry<Key, Effect.Dedup> entry : remembered.entrySet()) {
            if (entry.getKey().id() <= forgotten.getOrDefault(entry.getKey().queueId(), 0L)) {
                continue;
            }
            byte[] text = entry.getValue().key().getBytes(StandardCharsets.UTF_8);
            byte[] value = ByteBuffer.allocate(8 + text.length)
                    .putLong(entry.getValue().until())
                    .put(text)
                    .array();
            batch.put(Keys.dedup(shard, entry.getKey().queueId(), entry.getKey().id()), value);
        }
    }

    /** What was written is on record. */
    void written() {
        returned.clear();
        remembered.clear();
        forgotten.clear();
        over.clear();
    }
}
