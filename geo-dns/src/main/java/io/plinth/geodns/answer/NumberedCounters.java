package io.plinth.geodns.answer;

import java.util.concurrent.atomic.AtomicLongArray;

/** Owned by one event loop, which alone counts; read by whoever scrapes. Counts things that have small numbers. */
public final class NumberedCounters {
    private volatile AtomicLongArray counts = new AtomicLongArray(16);

    /** Counts one; nothing for a negative number. */
    void count(int number) {
        if (number < 0) {
            return;
        }
        AtomicLongArray now = counts;
        if (number >= now.length()) {
            now = grown(now, number);
        }
        now.setOpaque(number, now.getPlain(number) + 1);
    }

    private AtomicLongArray grown(AtomicLongArray now, int number) {
        AtomicLongArray more = new AtomicLongArray(Math.max(number + 1, now.length() * 2));
        for (int i = 0; i < now.length(); i++) {
            more.setPlain(i, now.getPlain(i));
        }
        counts = more;
        return more;
    }

    /** How often a thing was counted. */
    public long get(int number) {
        AtomicLongArray now = counts;
        return number >= 0 && number < now.length() ? now.getOpaque(number) : 0;
    }
}
