package io.plinth.mqbroker.stream;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.plinth.mqbroker.log.Content;
import io.plinth.mqbroker.log.SegmentLog;
import java.io.IOException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentSkipListMap;
import org.jspecify.annotations.Nullable;

/**
 * Owned by the streams' writer thread, read by any. One stream on disk: a segment log of its own, and in memory the place of every 64th
 * message that was written or read since it was opened, and of the first of each segment. What was not committed yet is not read.
 */
final class StreamLog {
    private static final int EVERY = 64;

    /** Opens the segments. */
    interface Opener {
        SegmentLog open() throws IOException;
    }

    private record Mark(long position, long timestamp) {}

    private final ConcurrentSkipListMap<Long, Mark> marks = new ConcurrentSkipListMap<>();
    private final Map<Integer, Long> lastTimestamps = new HashMap<>();
    private final ByteBuf buffer = Unpooled.buffer(4096);
    private volatile @Nullable SegmentLog log;
    private volatile long committed;
    private volatile long bytes;
    /** Segments up to this one are gone. */
    private volatile int forgotten;

    private long next;
    private long lastTimestamp;
    private int segment;

    /** Finds out what there is: of all segments but the last with messages, only the first message is read. */
    void open(Opener opener) throws IOException {
        // A try before may have got half way.
        marks.clear();
        lastTimestamps.clear();
        segment = 0;
        next = 0;
        lastTimestamp = 0;
        SegmentLog opened = opener.open();
        try {
            find(opened);
        } catch (IOException | RuntimeException | Error e) {
            try (opened) {
                throw e;
            }
        }
        log = opened;
        commit();
    }

    private void find(SegmentLog opened) throws IOException {
        List<Integer> begun = new ArrayList<>();
        for (SegmentLog.Segment each : opened.segments()) {
            if (first(opened, each.id())) {
                begun.add(each.id());
            }
        }
        if (!begun.isEmpty()) {
            opened.scan(SegmentLog.position(begun.getLast(), 0), (position, record) -> {
                note(StreamMessage.offset(record), StreamMessage.timestamp(record), position);
                return true;
            });
        }
    }

    /** Notes the first message of a segment; false where there is none. */
    private boolean first(SegmentLog opened, int id) throws IOException {
        int before = segment;
        boolean[] found = {false};
        opened.scan(SegmentLog.position(id, 0), (position, record) -> {
            if (SegmentLog.segmentOf(position) == id) {
                found[0] = true;
                note(StreamMessage.offset(record), StreamMessage.timestamp(record), position);
                // None of the segment before is younger.
                lastTimestamps.computeIfPresent(before, (number, known) -> lastTimestamp);
            }
            return false;
        });
        return found[0];
    }

    private SegmentLog log() throws IOException {
        SegmentLog opened = log;
        if (opened == null) {
            throw new IOException("stream is not open");
        }
        return opened;
    }

    private void note(long offset, long timestamp, long position) {
        int in = SegmentLog.segmentOf(position);
        if (in != segment || offset % EVERY == 0) {
            marks.put(offset, new Mark(position, timestamp));
            segment = in;
        }
        lastTimestamps.put(in, timestamp);
        lastTimestamp = timestamp;
        next = offset + 1;
    }

    void append(Content content, long now) throws IOException {
        long timestamp = Math.max(lastTimestamp, now);
        buffer.clear();
        new StreamMessage(next, timestamp, content).write(buffer);
        note(next, timestamp, log().append(buffer.nioBuffer()));
    }

    /** Makes room for a message. */
    void reserve(Content content) throws IOException {
        buffer.clear();
        new StreamMessage(next, lastTimestamp, content).write(buffer);
        log().reserve(buffer.readableBytes());
    }

    void sync() throws IOException {
        log().sync();
    }

    /** What was appended may be read. */
    void commit() {
        SegmentLog opened = log;
        if (opened != null) {
            bytes = opened.segments().stream()
                    .mapToLong(SegmentLog.Segment::bytes)
                    .sum();
        }
        committed = next;
    }

    /** The offset behind the last message. */
    long committed() {
        return committed;
    }

    /** The offset of the first message that is kept. */
    long first() {
        Map.Entry<Long, Mark> first = marks.firstEntry();
        return first == null ? committed : Math.min(first.getKey(), committed);
    }

    long bytes() {
        return bytes;
    }

    /** Drops the oldest segments that are too old, or too much; never the last. */
    void trim(long now, long maxAge, long maxBytes) throws IOException {
        SegmentLog opened = log();
        List<SegmentLog.Segment> segments = new ArrayList<>(opened.segments());
        long sum = segments.stream().mapToLong(SegmentLog.Segment::bytes).sum();
        while (segments.size() > 1) {
            SegmentLog.Segment oldest = segments.removeFirst();
            boolean old = maxAge >= 0 && lastTimestamps.getOrDefault(oldest.id(), 0L) < now - maxAge;
            boolean much = maxBytes >= 0 && sum > maxBytes;
            if ((!old && !much) || oldest.id() == opened.current()) {
                return;
            }
            forget(oldest.id());
            opened.drop(oldest.id());
            sum -= oldest.bytes();
            bytes = sum;
        }
    }

    /** A mark found while reading, unless its segment goes meanwhile. */
    private void found(long offset, Mark mark) {
        int in = SegmentLog.segmentOf(mark.position());
        if (in > forgotten && marks.putIfAbsent(offset, mark) == null && in <= forgotten) {
            marks.remove(offset);
        }
    }

    private void forget(int dropped) {
        forgotten = dropped;
        lastTimestamps.remove(dropped);
        Map.Entry<Long, Mark> mark = marks.firstEntry();
        while (mark != null && SegmentLog.segmentOf(mark.getValue().position()) <= dropped) {
            marks.remove(mark.getKey());
            mark = marks.firstEntry();
        }
    }

    /** Where a reader begins. */
    long find(StreamOffset from, long now) throws IOException {
        return switch (from.kind()) {
            case FIRST -> first();
            case LAST -> Math.max(first(), committed - 1);
            case NEXT -> committed;
            case OFFSET -> Math.max(first(), from.value());
            case TIMESTAMP -> at(from.value());
            case INTERVAL -> at(now - from.value());
        };
    }

    /** The first message that came then or later. */
    private long at(long time) throws IOException {
        long from = first();
        for (Map.Entry<Long, Mark> mark : marks.entrySet()) {
            if (mark.getValue().timestamp() >= time) {
                break;
            }
            from = mark.getKey();
        }
        long[] found = {committed};
        scan(from, message -> {
            if (message.timestamp() < time) {
                return true;
            }
            found[0] = message.offset();
            return false;
        });
        return found[0];
    }

    /** Messages from an offset on; empty where there is none yet. */
    List<StreamMessage> read(long offset, int most, long mostBytes) throws IOException {
        List<StreamMessage> read = new ArrayList<>();
        long[] sum = {0};
        scan(offset, message -> {
            read.add(message);
            sum[0] += message.content().size();
            return read.size() < most && sum[0] < mostBytes;
        });
        return read;
    }

    private interface Scan {
        boolean more(StreamMessage message);
    }

    private void scan(long offset, Scan scan) throws IOException {
        long end = committed;
        Map.Entry<Long, Mark> mark = marks.floorEntry(offset);
        if (mark == null) {
            mark = marks.firstEntry();
        }
        if (mark == null || offset >= end) {
            return;
        }
        log().scan(mark.getValue().position(), (position, record) -> {
            long at = StreamMessage.offset(record);
            if (at % EVERY == 0 && at < end) {
                found(at, new Mark(position, StreamMessage.timestamp(record)));
            }
            return at < end && (at < offset || scan.more(StreamMessage.read(record)));
        });
    }

    void close() throws IOException {
        SegmentLog opened = log;
        log = null;
        if (opened != null) {
            opened.close();
        }
    }

    /** Deletes everything; the stream is not used any more. */
    void delete() throws IOException {
        SegmentLog opened = log();
        marks.clear();
        try {
            opened.roll();
            for (SegmentLog.Segment each : opened.segments()) {
                opened.drop(each.id());
            }
        } finally {
            close();
        }
    }
}
