package io.plinth.geodns.answer;

import io.plinth.geodns.wire.ResponseCode;
import java.util.Collections;
import java.util.EnumMap;
import java.util.EnumSet;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicLong;

/** Owned by one event loop, which alone counts; read by whoever scrapes. */
public final class QueryCounters {
    private final NumberedCounters queries = new NumberedCounters();
    private final Map<Event, AtomicLong> events = zeros(Event.class);

    private final NumberedCounters zones = new NumberedCounters();
    private final NumberedCounters policies = new NumberedCounters();
    private final NumberedCounters members = new NumberedCounters();

    private static <E extends Enum<E>> Map<E, AtomicLong> zeros(Class<E> type) {
        Map<E, AtomicLong> counters = new EnumMap<>(type);
        EnumSet.allOf(type).forEach(constant -> counters.put(constant, new AtomicLong()));
        return Collections.unmodifiableMap(counters);
    }

    /** What may happen to a query beside its answer. */
    public enum Event {
        /** No answer is due: no whole header, or itself a response. */
        IGNORED,
        /** The answer did not fit and was replaced by the TC bit. */
        TRUNCATED,
        /** The answer was thrown away as the socket takes no more. */
        DROPPED,
        /** A fault of ours, answered with SERVFAIL. */
        FAULT,
        /** More alike answers than the network may have: not sent. */
        LIMITED,
        /** The same, sent truncated. */
        SLIPPED
    }

    void count(ResponseCode code) {
        queries.count(code.code());
    }

    /** Counts an event; from the owning loop only. */
    public void count(Event event) {
        increment(counter(events, event));
    }

    private static <E> AtomicLong counter(Map<E, AtomicLong> counters, E key) {
        return Objects.requireNonNull(counters.get(key));
    }

    private static void increment(AtomicLong counter) {
        // One writer: a plain addition, seen by readers sooner or later.
        counter.setOpaque(counter.getPlain() + 1);
    }

    /** Answers by the number of the zone. */
    public NumberedCounters zones() {
        return zones;
    }

    /** Answers by the number of the policy. */
    public NumberedCounters policies() {
        return policies;
    }

    /** Answers by the number of the policy's member. */
    public NumberedCounters members() {
        return members;
    }

    public long queries(ResponseCode code) {
        return queries.get(code.code());
    }

    public long events(Event event) {
        return counter(events, event).getOpaque();
    }
}
