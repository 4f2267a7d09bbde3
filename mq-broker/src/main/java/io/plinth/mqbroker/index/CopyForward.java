package io.plinth.mqbroker.index;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.plinth.mqbroker.log.Change;
import io.plinth.mqbroker.log.ChangeCodec;
import io.plinth.mqbroker.log.Effect;
import io.plinth.mqbroker.log.NoRoomException;
import io.plinth.mqbroker.log.SegmentLog;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.function.ObjLongConsumer;
import org.jspecify.annotations.Nullable;

/** Owned by its log's writer thread. Copies what is live in the oldest segment to the end of the log, so that the segment can go. */
public final class CopyForward {
    /** A message in one queue whose record stands elsewhere now. */
    public record Move(long queueId, long id, long from, long to) {}

    /** Which targets of a message are live where the record stands, and how. */
    interface Live {
        @Nullable
        Place at(long queueId, long id, long position) throws IOException;
    }

    private final int shard;
    private final SegmentLog log;

    CopyForward(int shard, SegmentLog log) {
        this.shard = shard;
        this.log = log;
    }

    /**
     * Whether dead records take most of the log: more than three quarters, and more than one segment beside the current one.
     *
     * @param liveBytes of all messages in the log
     */
    static boolean due(List<SegmentLog.Segment> segments, long liveBytes) {
        long bytes = segments.stream().mapToLong(SegmentLog.Segment::bytes).sum();
        return segments.size() > 2 && liveBytes * 4 < bytes;
    }

    /** Copies as much as there is room for; each copy is shown to {@code copied} as the change it is, under the number of the last one. */
    List<Move> copy(int segment, Covered last, Live live, ObjLongConsumer<Change> copied) throws IOException {
        List<Move> moves = new ArrayList<>();
        ByteBuf buffer = Unpooled.buffer(4096);
        log.scan(SegmentLog.position(segment, 0), (position, record) -> {
            if (SegmentLog.segmentOf(position) != segment) {
                return false;
            }
            Change change = ChangeCodec.read(shard, position, record);
            try {
                copy(change, position, last, live, copied, buffer, moves);
            } catch (NoRoomException full) {
                // What was copied is in the log and counted: it has to be told of. The rest is copied another time.
                return false;
            }
            return true;
        });
        return moves;
    }

    private void copy(
            Change change,
            long position,
            Covered last,
            Live live,
            ObjLongConsumer<Change> copied,
            ByteBuf buffer,
            List<Move> moves)
            throws IOException {
        switch (change.effect()) {
            case Effect.Enqueued e ->
                move(new Moving(change.sequence(), position, last, live, copied), e.targets(), e, buffer, moves);
            case Effect.Moved e ->
                move(new Moving(e.sequence(), position, last, live, copied), e.targets(), e, buffer, moves);
            default -> {
                // Everything else is in the index by now.
            }
        }
    }

    /** The first live message of a segment, null where there is none. */
    SegmentReport.@Nullable Oldest oldest(int segment, Live live) throws IOException {
        SegmentReport.@Nullable Oldest[] found = {null};
        log.scan(SegmentLog.position(segment, 0), (position, record) -> {
            if (SegmentLog.segmentOf(position) != segment) {
                return false;
            }
            Change change = ChangeCodec.read(shard, position, record);
            found[0] = switch (change.effect()) {
                case Effect.Enqueued e -> oldest(change.sequence(), position, e.targets(), live);
                case Effect.Moved e -> oldest(e.sequence(), position, e.targets(), live);
                default -> null;
            };
            return found[0] == null;
        });
        return found[0];
    }

    private static SegmentReport.@Nullable Oldest oldest(long id, long position, List<Effect.Target> targets, Live live)
            throws IOException {
        for (Effect.Target target : targets) {
            if (live.at(target.queueId(), id, position) != null) {
                return new SegmentReport.Oldest(target.queueId(), id);
            }
        }
        return null;
    }

    private record Moving(long id, long from, Covered last, Live live, ObjLongConsumer<Change> copied) {}

    private void move(Moving moving, List<Effect.Target> targets, Effect effect, ByteBuf buffer, List<Move> moves)
            throws IOException {
        List<Effect.Target> left = new ArrayList<>();
        for (Effect.Target target : targets) {
            Place place = moving.live().at(target.queueId(), moving.id(), moving.from());
            if (place != null) {
                left.add(place.target(target.queueId(), target.dedup()));
            }
        }
        if (left.isEmpty()) {
            return;
        }
        Effect.Moved moved = switch (effect) {
            case Effect.Enqueued e -> new Effect.Moved(moving.id(), left, e.message(), e.content());
            case Effect.Moved e -> new Effect.Moved(moving.id(), left, e.message(), e.content());
            default -> throw new IllegalStateException("effect: " + effect);
        };
        long sequence = moving.last().sequence();
        Change change = new Change(shard, moving.last().epoch(), sequence, sequence, moved);
        buffer.clear();
        ChangeCodec.write(buffer, change);
        long to = log.append(buffer.nioBuffer());
        moved.message().position(to);
        moving.copied().accept(change, to);
        left.forEach(target -> moves.add(new Move(target.queueId(), moving.id(), moving.from(), to)));
    }
}
