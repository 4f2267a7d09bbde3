package io.plinth.mqbroker.index;

import io.plinth.mqbroker.log.Effect;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import org.rocksdb.RocksDBException;
import org.rocksdb.WriteBatch;

/**
 * Owned by its log's writer thread. What the index keeps of a shard's messages beside where they stand: the keys that queues remember;
 * few messages have one.
 */
final class QueueMarks {
    private record Key(long queueId, long id) {}

    private final int shard;
    private final Map<Key, Effect.Dedup> remembered = new LinkedHashMap<>();
    private final Map<Long, Long> forgotten = new HashMap<>();

    QueueMarks(int shard) {
        this.shard = shard;
    }

    void load(RocksIndex index, RecoveredShard into) throws IOException {
        index.scan(Keys.dedup(shard), (key, value) -> {
            ByteBuffer name = ByteBuffer.wrap(key, 2, 16);
            long until = ByteBuffer.wrap(value).getLong();
            String text = new String(value, 8, value.length - 8, StandardCharsets.UTF_8);
            into.remembered(name.getLong(), name.getLong(), new Effect.Dedup(text, until));
        });
    }

    void clear(WriteBatch batch) throws RocksDBException {
        batch.deleteRange(Keys.dedup(shard), RocksIndex.next(Keys.dedup(shard)));
    }

    void entered(Effect.Target target, long id) {
        if (target.dedup() != null) {
            remembered.put(new Key(target.queueId(), id), target.dedup());
        }
    }

    void forgotten(Effect.DedupForgotten effect) {
        forgotten.put(effect.queueId(), effect.upTo());
    }

    void dropped(long queueId) {
        remembered.keySet().removeIf(key -> key.queueId() == queueId);
        forgotten.remove(queueId);
    }

    /** Adds what changed since the last checkpoint; {@code gone} are queues that were dropped since. */
    void write(WriteBatch batch, Set<Long> gone) throws RocksDBException {
        for (long queueId : gone) {
            batch.deleteRange(Keys.dedup(shard, queueId), RocksIndex.next(Keys.dedup(shard, queueId)));
        }
        for (Map.Entry<Long, Long> entry : forgotten.entrySet()) {
            batch.deleteRange(
                    Keys.dedup(shard, entry.getKey()), Keys.dedup(shard, entry.getKey(), entry.getValue() + 1));
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
        remembered.clear();
        forgotten.clear();
    }
}
