package io.plinth.mqbroker.stats;

import java.util.Iterator;
import java.util.Map;
import java.util.TreeMap;

/**
 * Owned by its shard's loop. When messages came, to about a second: one sample per second tells the time of all ids behind it, so that
 * the age of the oldest costs nothing per message. When there are too many samples, every other one goes.
 */
public final class Arrivals {
    private static final int SAMPLES = 512;
    private static final long STEP_MILLIS = 1000;

    private final TreeMap<Long, Long> samples = new TreeMap<>();
    private long last = Long.MIN_VALUE;

    /** A message of this id came. */
    public void came(long id, long now) {
        if (now < last + STEP_MILLIS && last != Long.MIN_VALUE) {
            return;
        }
        last = now;
        samples.put(id, now);
        if (samples.size() > SAMPLES) {
            thin();
        }
    }

    private void thin() {
        Iterator<Map.Entry<Long, Long>> all = samples.entrySet().iterator();
        for (int i = 0; all.hasNext(); i++) {
            all.next();
            if (i % 2 == 1) {
                all.remove();
            }
        }
    }

    /** When the message of this id came, about; {@code otherwise} where nothing is known of it. What came before is forgotten. */
    public long cameAt(long id, long otherwise) {
        Map.Entry<Long, Long> sample = samples.floorEntry(id);
        if (sample == null) {
            return otherwise;
        }
        samples.headMap(sample.getKey(), false).clear();
        return sample.getValue();
    }
}
