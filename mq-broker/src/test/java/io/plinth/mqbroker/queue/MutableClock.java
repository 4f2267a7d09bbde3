package io.plinth.mqbroker.queue;

import java.time.Clock;
import java.time.Instant;
import java.time.ZoneId;
import java.time.ZoneOffset;
import java.util.concurrent.atomic.AtomicLong;

/** A clock that is moved by hand; timers of the loops do not hear of it, but a queue that is asked for something looks at it. */
final class MutableClock extends Clock {
    private final AtomicLong now;

    MutableClock(long now) {
        this.now = new AtomicLong(now);
    }

    void advance(long millis) {
        now.addAndGet(millis);
    }

    @Override
    public long millis() {
        return now.get();
    }

    @Override
    public Instant instant() {
        return Instant.ofEpochMilli(now.get());
    }

    @Override
    public ZoneId getZone() {
        return ZoneOffset.UTC;
    }

    @Override
    public Clock withZone(ZoneId zone) {
        return this;
    }
}
