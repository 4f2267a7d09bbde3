package io.plinth.mqbroker.index;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Reads back, from any thread, which messages a shard's queues hold, in the order they are handed out. */
public final class QueuePages {
    /** Of whatever priority. */
    public static final int ANY = -1;

    /** Rows of other priorities that are passed over before an answer is given all the same. */
    private static final int MOST_PASSED = 16 << 10;

    private final int shard;
    private final RocksIndex index;

    public QueuePages(int shard, RocksIndex index) {
        this.shard = shard;
        this.index = index;
    }

    /** One message of a queue. */
    public record Row(
            long id,
            long position,
            int size,
            long expiresAt,
            int priority,
            @Nullable String group) {}

    /**
     * Some messages of one priority, by id.
     *
     * @param next the id to go on from
     * @param ended whether there are no more
     */
    public record Page(List<Row> rows, long next, boolean ended) {}

    /** The first messages, at most so many, of ids from {@code from} to {@code to}. */
    public Page read(long queueId, int priority, long from, long to, int most) throws IOException {
        boolean plain = priority <= 0;
        byte[] first = plain ? Keys.message(shard, queueId, from) : Keys.lane(shard, queueId, priority, from);
        byte[] last = plain ? Keys.message(shard, queueId, to + 1) : Keys.lane(shard, queueId, priority, to + 1);
        int idAt = first.length - Long.BYTES;
        List<Row> rows = new ArrayList<>();
        long[] next = {from};
        int[] passed = {0};
        boolean ended = index.scan(first, last, (key, value) -> {
            long id = ByteBuffer.wrap(key).getLong(idAt);
            next[0] = id;
            if (rows.size() == most || passed[0] == MOST_PASSED) {
                return false;
            }
            Place place = Place.of(value);
            if (priority == ANY || place.priority() == priority) {
                rows.add(new Row(
                        id, place.position(), place.size(), place.expiresAt(), place.priority(), place.group()));
            } else {
                passed[0]++;
            }
            return true;
        });
        return new Page(rows, next[0], ended);
    }
}
