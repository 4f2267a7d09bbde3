package io.plinth.kvcache.command.stats;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.locks.ReentrantLock;

/** Shared by all loops, guarded by its own lock: when something took long, by kind; the worst of each second. */
public final class LatencyEvents {
    private static final int KEPT = 160;

    private final ReentrantLock lock = new ReentrantLock();
    private final Map<String, List<Sample>> events = new TreeMap<>();
    private final Map<String, Long> worst = new TreeMap<>();
    private volatile long threshold;

    /** A moment. */
    public record Sample(long seconds, long millis) {}

    /** A kind of moments. */
    public record Event(String name, List<Sample> samples, long worst) {
        public Event {
            samples = List.copyOf(samples);
        }

        public Sample latest() {
            return samples.getLast();
        }
    }

    /** Milliseconds from which on a moment is kept; 0 for none. */
    public long threshold() {
        return threshold;
    }

    void threshold(long millis) {
        threshold = millis;
    }

    /** Something took so long. */
    public void add(String event, long millis, long nowMillis) {
        long least = threshold;
        if (least == 0 || millis < least) {
            return;
        }
        long second = nowMillis / 1000;
        lock.lock();
        try {
            worst.merge(event, millis, Math::max);
            List<Sample> samples = events.computeIfAbsent(event, name -> new ArrayList<>());
            if (!samples.isEmpty() && samples.getLast().seconds() == second) {
                samples.add(
                        new Sample(second, Math.max(millis, samples.removeLast().millis())));
                return;
            }
            if (samples.size() == KEPT) {
                samples.removeFirst();
            }
            samples.add(new Sample(second, millis));
        } finally {
            lock.unlock();
        }
    }

    /** Every kind that has moments, by name. */
    public List<Event> all() {
        lock.lock();
        try {
            List<Event> all = new ArrayList<>();
            events.forEach((name, samples) -> all.add(new Event(name, samples, worst.getOrDefault(name, 0L))));
            return all;
        } finally {
            lock.unlock();
        }
    }

    /** Forgets a kind; answers whether it was there. */
    public boolean forget(String event) {
        lock.lock();
        try {
            worst.remove(event);
            return events.remove(event) != null;
        } finally {
            lock.unlock();
        }
    }

    /** Forgets all; answers how many kinds there were. */
    public int clear() {
        lock.lock();
        try {
            int count = events.size();
            events.clear();
            worst.clear();
            return count;
        } finally {
            lock.unlock();
        }
    }
}
