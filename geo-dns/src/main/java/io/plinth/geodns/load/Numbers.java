package io.plinth.geodns.load;

import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/** Owned by the loader: small numbers for names, the same name the same number as long as the process lives. */
public final class Numbers {
    private final Map<String, Integer> numbers = new ConcurrentHashMap<>();

    /** The number of a name, which is new or as before. */
    public synchronized int of(String name) {
        Integer known = numbers.get(name);
        if (known == null) {
            known = numbers.size();
            numbers.put(name, known);
        }
        return known;
    }

    /** Every name there ever was. */
    public Map<String, Integer> all() {
        return Map.copyOf(numbers);
    }
}
