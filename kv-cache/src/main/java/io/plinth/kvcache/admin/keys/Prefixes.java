package io.plinth.kvcache.admin.keys;

import io.plinth.kvcache.keyspace.Entry;
import io.plinth.kvcache.keyspace.Keyspace;
import io.plinth.kvcache.keyspace.Segment;
import io.plinth.kvcache.keyspace.SegmentsHeldException;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.random.RandomGenerator;

/**
 * Owned by the thread that reads /metrics: what keys take by what stands before their first colon, from a sample of each segment.
 * A segment of few keys is looked at whole; of a larger one some are, and stand for the others.
 */
final class Prefixes {
    /** What keys take that have no colon, and keys of prefixes that are not shown. */
    static final String NONE = "(none)";

    static final String OTHER = "(other)";
    /** Prefixes that are shown. */
    static final int SHOWN = 20;

    private static final int SAMPLES = 64;
    private static final int LONGEST = 64;

    private final Keyspace keyspace;
    private final RandomGenerator random;

    Prefixes(Keyspace keyspace, RandomGenerator random) {
        this.keyspace = keyspace;
        this.random = random;
    }

    /** Bytes by prefix: those that take most, and all others together. */
    Map<String, Double> bytes() {
        Map<String, Double> all = new HashMap<>();
        for (int i = 0; i < Keyspace.SEGMENTS; i++) {
            Segment segment = keyspace.at(i);
            if (segment.bytes() > 0) {
                sample(segment, all);
            }
        }
        List<Map.Entry<String, Double>> largest = all.entrySet().stream()
                .sorted(Map.Entry.<String, Double>comparingByValue(Comparator.reverseOrder()))
                .toList();
        Map<String, Double> shown = new HashMap<>();
        for (int i = 0; i < largest.size(); i++) {
            String prefix = i < SHOWN ? largest.get(i).getKey() : OTHER;
            shown.merge(prefix, largest.get(i).getValue(), Double::sum);
        }
        return shown;
    }

    private void sample(Segment segment, Map<String, Double> all) {
        Map<String, Long> seen = new HashMap<>();
        long whole;
        try {
            segment.lock();
        } catch (SegmentsHeldException held) {
            // A script has it for long: it is not seen this time.
            return;
        }
        try {
            whole = segment.bytes();
            if (size(segment) <= SAMPLES) {
                segment.forEach(entry -> add(entry, seen));
            } else {
                for (int k = 0; k < SAMPLES; k++) {
                    Entry entry = segment.random(random);
                    if (entry != null) {
                        add(entry, seen);
                    }
                }
            }
        } finally {
            segment.unlock();
        }
        double sampled = seen.values().stream().mapToLong(Long::longValue).sum();
        seen.forEach((prefix, bytes) -> all.merge(prefix, whole * bytes / sampled, Double::sum));
    }

    private static int size(Segment segment) {
        int size = 0;
        for (int db = 0; db < Keyspace.DATABASES; db++) {
            size += segment.counted().database(db);
        }
        return size;
    }

    private static void add(Entry entry, Map<String, Long> seen) {
        seen.merge(prefix(entry.key()), entry.bytes(), Long::sum);
    }

    private static String prefix(byte[] key) {
        for (int i = 0; i < key.length && i <= LONGEST; i++) {
            if (key[i] == ':') {
                return KeyText.of(key, i);
            }
        }
        return NONE;
    }
}
