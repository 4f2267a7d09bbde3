package io.plinth.kvcache.command.stream;

import io.plinth.kvcache.keyspace.stream.StreamGroup;
import io.plinth.kvcache.keyspace.stream.StreamId;
import io.plinth.kvcache.keyspace.value.StreamValue;
import org.jspecify.annotations.Nullable;

/** How far a group is, as far as that can be told where entries were deleted. */
final class Progress {
    private Progress() {}

    /** How many entries were ever added up to an id, or {@link StreamGroup#UNKNOWN}. */
    static long estimate(StreamValue stream, StreamId id) {
        if (stream.added() == 0) {
            return 0;
        }
        int toLast = id.compareTo(stream.last());
        if ((stream.size() == 0 && toLast < 1) || toLast == 0) {
            return stream.added();
        }
        if (toLast > 0) {
            return StreamGroup.UNKNOWN;
        }
        StreamId first = stream.first();
        boolean whole =
                stream.maxDeleted().equals(StreamId.MIN) || stream.maxDeleted().compareTo(first) < 0;
        int toFirst = id.compareTo(first);
        if (whole && toFirst <= 0) {
            return stream.added() - stream.size() + (toFirst == 0 ? 1 : 0);
        }
        return StreamGroup.UNKNOWN;
    }

    /** Whether an entry from this id on was deleted. */
    static boolean holes(StreamValue stream, StreamId from) {
        return stream.size() > 0
                && !stream.maxDeleted().equals(StreamId.MIN)
                && from.compareTo(stream.maxDeleted()) <= 0;
    }

    /** What the group will have read once it has this entry. */
    static long after(StreamValue stream, StreamGroup group, StreamId id, long read) {
        if (read != StreamGroup.UNKNOWN && !holes(stream, id)) {
            return read + 1;
        }
        return stream.added() > 0 ? estimate(stream, id) : read;
    }

    /** How many entries the group has not read; null where that is not known. */
    static @Nullable Long lag(StreamValue stream, StreamGroup group) {
        if (stream.added() == 0) {
            return 0L;
        }
        if (group.entriesRead() != StreamGroup.UNKNOWN && !holes(stream, group.last())) {
            return stream.added() - group.entriesRead();
        }
        long read = estimate(stream, group.last());
        return read == StreamGroup.UNKNOWN ? null : stream.added() - read;
    }
}
