package io.plinth.mqbroker.index;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/** Reads back, from any thread, which messages a shard's queues hold, in the order they are handed out. */
public final class QueuePages {
    /** Of whatever priority. */
    public static final int ANY = -1;

    /** Rows of other priorities, or that go by time, that are passed over before an answer is given all the same. */
    private static final int MOST_PASSED = 16 << 10;

    private final int shard;
    private final RocksIndex index;

    public QueuePages(int shard, RocksIndex index) {
        this.shard = shard;
        this.index = index;
    }

    /**
     * One message of a queue.
     *
     * @param returns how often it came back
     * @param until epoch milliseconds before which it is not handed out, 0 where it never waited
     */
    public record Row(
            long id,
            long position,
            int size,
            int bodySize,
            long expiresAt,
            int priority,
            @Nullable String group,
            int returns,
            long until) {}

    /**
     * Some messages, in order.
     *
     * @param nextTime the time to go on from, where they are in the order of their times
     * @param next the id to go on from
     * @param ended whether there are no more
     */
    public record Page(List<Row> rows, long nextTime, long next, boolean ended) {
        public Page(List<Row> rows, long next, boolean ended) {
            this(rows, 0, next, ended);
        }
    }

    private static Row row(long id, Place place) {
        return new Row(
                id,
                place.position(),
                place.size(),
                place.bodySize(),
                place.expiresAt(),
                place.priority(),
                place.group(),
                place.returns(),
                place.until());
    }

    /** The first messages of a priority, at most so many, of ids from {@code from} to {@code to}, but for those that go by time. */
    public Page read(long queueId, int priority, long from, long to, int most) throws IOException {
        boolean plain = priority <= 0;
        return read(
                plain ? Keys.message(shard, queueId, from) : Keys.lane(shard, queueId, priority, from),
                plain ? Keys.message(shard, queueId, to + 1) : Keys.lane(shard, queueId, priority, to + 1),
                place -> !place.timed() && (priority == ANY || place.priority() == priority),
                from,
                most);
    }

    /** The same of one group, of whatever priority. */
    public Page readGroup(long queueId, String group, long from, long to, int most) throws IOException {
        return read(
                Keys.group(shard, queueId, group, from),
                Keys.group(shard, queueId, group, to + 1),
                place -> true,
                from,
                most);
    }

    private Page read(byte[] first, byte[] last, Predicate<Place> wanted, long from, int most) throws IOException {
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
            if (wanted.test(place)) {
                rows.add(row(id, place));
            } else {
                passed[0]++;
            }
            return true;
        });
        return new Page(rows, next[0], ended);
    }

    /** The first that go by time, at most so many, from a time and id. */
    public Page readTimed(long queueId, long fromTime, long fromId, int most) throws IOException {
        List<Row> rows = new ArrayList<>();
        long[] next = {fromTime, fromId};
        byte[] last = RocksIndex.next(Keys.times(shard, queueId));
        boolean ended = index.scan(Keys.time(shard, queueId, fromTime, fromId), last, (key, value) -> {
            ByteBuffer name = ByteBuffer.wrap(key, 10, 16);
            next[0] = name.getLong();
            next[1] = name.getLong();
            if (rows.size() == most) {
                return false;
            }
            rows.add(row(next[1], Place.of(value)));
            return true;
        });
        return new Page(rows, next[0], next[1], ended);
    }
}
