package io.plinth.mqbroker.index;

import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import org.rocksdb.RocksDBException;
import org.rocksdb.WriteBatch;

/**
 * Owned by its log's writer thread. The rows by id that go with one checkpoint. Of a long queue that is drained all ids of a stretch go: that
 * is one record, where RocksDB would otherwise merge as many as there are messages.
 */
final class Departures {
    /** A range is looked at by every read behind it, so few rows are deleted one by one. */
    static final int LONG = 256;

    private static final class Ids {
        long[] ids = new long[16];
        int count;

        void add(long id) {
            if (count == ids.length) {
                ids = Arrays.copyOf(ids, 2 * count);
            }
            ids[count++] = id;
        }
    }

    private final int shard;
    private final Map<Long, Ids> queues = new HashMap<>();

    Departures(int shard) {
        this.shard = shard;
    }

    void add(long queueId, long id) {
        queues.computeIfAbsent(queueId, ignored -> new Ids()).add(id);
    }

    void write(WriteBatch batch) throws RocksDBException {
        for (Map.Entry<Long, Ids> entry : queues.entrySet()) {
            long[] ids = entry.getValue().ids;
            int count = entry.getValue().count;
            Arrays.sort(ids, 0, count);
            for (int from = 0; from < count; ) {
                int to = from + 1;
                // No other message can have an id between two that follow each other.
                while (to < count && ids[to] == ids[to - 1] + 1) {
                    to++;
                }
                delete(batch, entry.getKey(), ids, from, to);
                from = to;
            }
        }
    }

    private void delete(WriteBatch batch, long queueId, long[] ids, int from, int to) throws RocksDBException {
        if (to - from >= LONG) {
            batch.deleteRange(Keys.message(shard, queueId, ids[from]), Keys.message(shard, queueId, ids[to - 1] + 1));
            return;
        }
        for (int i = from; i < to; i++) {
            batch.delete(Keys.message(shard, queueId, ids[i]));
        }
    }
}
