package io.plinth.kvcache.command.cache;

import io.plinth.kvcache.command.Call;
import io.plinth.kvcache.command.CommandException;
import io.plinth.kvcache.keyspace.KeyRef;
import io.plinth.kvcache.pattern.SegmentMarks;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What follows the value in CACHE.SET, and the key in CACHE.NEGATIVE: {@code [EX s | PX ms] [STALE ms] [TOKEN t] [TAGS tag...]}.
 *
 * @param ttl milliseconds, 0 where not given
 * @param stale milliseconds, 0 where not given
 * @param token null where not given
 */
record FillOptions(long ttl, long stale, @Nullable Long token, List<byte[]> tags) {
    static final long ABSENT_MILLIS = 30_000;

    private static final long MOST_SECONDS = 100L * 365 * 86_400;

    static FillOptions parse(Call call, int from) {
        long ttl = 0;
        long stale = 0;
        Long token = null;
        List<byte[]> tags = new ArrayList<>();
        for (int i = from; i < call.count(); i += 2) {
            if (i + 1 >= call.count()) {
                throw CommandException.syntax();
            }
            if (call.args().is(i, "EX") && ttl == 0) {
                ttl = call.integer(i + 1, 1, MOST_SECONDS, "invalid expire time") * 1000;
            } else if (call.args().is(i, "PX") && ttl == 0) {
                ttl = call.integer(i + 1, 1, MOST_SECONDS * 1000, "invalid expire time");
            } else if (call.args().is(i, "STALE")) {
                stale = call.integer(i + 1, 1, MOST_SECONDS * 1000, "STALE is out of range");
            } else if (call.args().is(i, "TOKEN")) {
                token = call.integer(i + 1);
            } else if (call.args().is(i, "TAGS") && call.count() - i - 1 <= SegmentMarks.MOST_TAGS) {
                for (int t = i + 1; t < call.count(); t++) {
                    tags.add(tag(call, t));
                }
                break;
            } else {
                throw CommandException.syntax();
            }
        }
        return new FillOptions(ttl, stale, token, tags);
    }

    static byte[] tag(Call call, int arg) {
        byte[] tag = call.bytes(arg);
        if (tag.length > SegmentMarks.MOST_TAG) {
            throw new CommandException(
                    "ERR TAGS: " + tag.length + " bytes (expected: at most " + SegmentMarks.MOST_TAG + " bytes each)");
        }
        return tag;
    }

    /** Whether somebody else changed the key since the token was given. */
    boolean late(SegmentMarks marks, KeyRef key) {
        return token != null && !marks.holds(key, token);
    }
}
