package io.plinth.kvcache.memcached;

import java.util.concurrent.atomic.AtomicLong;

/** Shared by all loops: numbers that tell a key's values apart, each given to whom asks for a value's first. */
final class CasNumbers {
    /** Numbers for each millisecond, so that those of a later process are higher than those of this one. */
    private static final int SHIFT = 20;

    private final AtomicLong last;

    /** They are not kept, so they begin at the time: clients may still have those of an earlier process. */
    CasNumbers(long nowMillis) {
        last = new AtomicLong(nowMillis << SHIFT);
    }

    /** A number that no value had. */
    long next() {
        return last.incrementAndGet();
    }
}
