package io.plinth.mqbroker.index;

import io.plinth.mqbroker.log.Effect;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;

/**
 * Where a message of a queue stands, and what the queue goes by.
 *
 * @param size octets of its content
 * @param bodySize those of its body alone
 * @param returns how often it came back
 * @param until epoch milliseconds before which it is not handed out, 0 where it never waited
 */
record Place(
        long position,
        long expiresAt,
        int size,
        int bodySize,
        int priority,
        @Nullable String group,
        int returns,
        long until) {
    private static final int GROUPED = 1;
    private static final int WAITING = 2;

    /** The one that a target of a record says. */
    static Place of(Effect.Target target, int size, int bodySize, long position) {
        Effect.Hold hold = target.hold();
        return new Place(
                position,
                target.expiresAt(),
                size,
                bodySize,
                target.priority(),
                target.group(),
                hold == null ? 0 : hold.returns(),
                hold == null ? 0 : hold.until());
    }

    /** What a record has to say of it to be found again as it is. */
    Effect.Target target(long queueId, Effect.@Nullable Dedup dedup) {
        Effect.Hold hold = returns == 0 && until == 0 ? null : new Effect.Hold(returns, until);
        return new Effect.Target(queueId, expiresAt, priority, group, dedup, hold);
    }

    /** The same of a message of the past, whose time to be handed out stands where others expire. */
    Place due() {
        return new Place(position, Long.MAX_VALUE, size, bodySize, priority, group, returns, expiresAt);
    }

    Place returned(int count, long availableAt) {
        return new Place(position, expiresAt, size, bodySize, priority, group, count, availableAt);
    }

    /** Whether it is found by its time, and is no part of the run of its priority: one of a group keeps its place there. */
    boolean timed() {
        return until > 0 && group == null;
    }

    /** What the ledger counts it with. */
    int lane() {
        return timed() ? Holding.TIMED : priority;
    }

    byte[] bytes() {
        byte[] text = group == null ? new byte[0] : group.getBytes(StandardCharsets.UTF_8);
        boolean waiting = returns > 0 || until > 0;
        boolean marked = priority > 0 || group != null || waiting;
        ByteBuffer out = ByteBuffer.allocate(24 + (marked ? 2 + text.length : 0) + (waiting ? 12 : 0))
                .putLong(position)
                .putLong(expiresAt)
                .putInt(size)
                .putInt(bodySize);
        if (marked) {
            out.put((byte) priority).put((byte) ((group == null ? 0 : GROUPED) | (waiting ? WAITING : 0)));
        }
        if (waiting) {
            out.putInt(returns).putLong(until);
        }
        return out.put(text).array();
    }

    static Place of(byte[] value) {
        ByteBuffer in = ByteBuffer.wrap(value);
        long position = in.getLong();
        long expiresAt = in.getLong();
        int size = in.getInt();
        int bodySize = in.getInt();
        int priority = in.hasRemaining() ? in.get() & 0xFF : 0;
        int flags = in.hasRemaining() ? in.get() : 0;
        boolean waiting = (flags & WAITING) != 0;
        int returns = waiting ? in.getInt() : 0;
        long until = waiting ? in.getLong() : 0;
        String group = (flags & GROUPED) == 0
                ? null
                : new String(value, in.position(), in.remaining(), StandardCharsets.UTF_8);
        return new Place(position, expiresAt, size, bodySize, priority, group, returns, until);
    }
}
