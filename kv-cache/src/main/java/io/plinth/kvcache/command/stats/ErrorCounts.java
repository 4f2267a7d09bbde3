package io.plinth.kvcache.command.stats;

import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;
import java.util.concurrent.atomic.LongAdder;

/** Shared by all loops: error replies by their first word. */
public final class ErrorCounts {
    /** Scripts make up words of their own. */
    private static final int MOST_WORDS = 128;

    private static final int LONGEST_WORD = 64;

    private static final String OTHERS = "ERRORSTATS_OVERFLOW";

    private final ConcurrentMap<String, LongAdder> words = new ConcurrentHashMap<>();
    private final LongAdder all = new LongAdder();

    /** An error was answered. */
    public void add(String word) {
        all.increment();
        LongAdder known = words.get(word);
        if (known == null) {
            boolean kept = words.size() < MOST_WORDS && word.length() <= LONGEST_WORD;
            known = words.computeIfAbsent(kept ? word : OTHERS, name -> new LongAdder());
        }
        known.increment();
    }

    public long all() {
        return all.sum();
    }

    /** How often each, by word. */
    public Map<String, Long> byWord() {
        Map<String, Long> counts = new TreeMap<>();
        words.forEach((word, count) -> counts.put(word, count.sum()));
        return counts;
    }

    /** Begins anew. */
    public void clear() {
        all.reset();
        words.clear();
    }
}
