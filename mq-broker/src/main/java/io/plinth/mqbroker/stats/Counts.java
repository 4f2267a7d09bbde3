package io.plinth.mqbroker.stats;

import java.util.Arrays;
import java.util.List;

/** Owned by whoever counts: a queue's shard, or a channel's loop. What happened so often, by kind. */
public final class Counts {
    /** What is counted, under the names of RabbitMQ's {@code message_stats}. */
    public enum Kind {
        PUBLISH("publish"),
        CONFIRM("confirm"),
        RETURN_UNROUTABLE("return_unroutable"),
        DROP_UNROUTABLE("drop_unroutable"),
        DELIVER("deliver"),
        DELIVER_NO_ACK("deliver_no_ack"),
        GET("get"),
        GET_NO_ACK("get_no_ack"),
        GET_EMPTY("get_empty"),
        REDELIVER("redeliver"),
        ACK("ack");

        static final Kind[] ALL = values();

        private final String text;

        Kind(String text) {
            this.text = text;
        }

        public String text() {
            return text;
        }
    }

    /** What is counted of queues. */
    public static final List<Kind> OF_QUEUES = List.of(
            Kind.ACK, Kind.DELIVER, Kind.DELIVER_NO_ACK, Kind.GET, Kind.GET_EMPTY, Kind.GET_NO_ACK, Kind.REDELIVER);

    /** What is counted of who publishes, beside what is published. */
    public static final List<Kind> OF_PUBLISHERS = List.of(Kind.CONFIRM, Kind.DROP_UNROUTABLE, Kind.RETURN_UNROUTABLE);

    private final long[] values;

    public Counts() {
        this(new long[Kind.ALL.length]);
    }

    private Counts(long[] values) {
        this.values = values;
    }

    public void add(Kind kind, long count) {
        values[index(kind)] += count;
    }

    /** A message went to a consumer. */
    public void delivered(boolean noAck, boolean again) {
        add(noAck ? Kind.DELIVER_NO_ACK : Kind.DELIVER, 1);
        redelivered(again);
    }

    /** A message was got. */
    public void got(boolean noAck, boolean again) {
        add(noAck ? Kind.GET_NO_ACK : Kind.GET, 1);
        redelivered(again);
    }

    private void redelivered(boolean again) {
        if (again) {
            add(Kind.REDELIVER, 1);
        }
    }

    public long get(Kind kind) {
        return values[index(kind)];
    }

    @SuppressWarnings("EnumOrdinal") // the index of an array that never leaves the process
    private static int index(Kind kind) {
        return kind.ordinal();
    }

    /** Whether nothing was counted. */
    public boolean isZero() {
        for (long value : values) {
            if (value != 0) {
                return false;
            }
        }
        return true;
    }

    /** As it is now; for another thread. */
    public Counts copy() {
        return new Counts(Arrays.copyOf(values, values.length));
    }

    /** Adds another's of these kinds. */
    public void addAll(Counts other, List<Kind> kinds) {
        for (Kind kind : kinds) {
            add(kind, other.get(kind));
        }
    }
}
