package io.plinth.kvcache.command.stats;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.LongSupplier;

/** Shared by all loops: the keys that are used most, over all of them. */
public final class HotList {
    /** A key has to have been counted so often for certain. */
    private static final long FEWEST = 8;
    /** Uses that raise Redis's logarithmic counter from {@code n} to {@code n + 1} are ten times {@code n}, from 5 on. */
    private static final int LFU_START = 5;

    private static final int LFU_MOST = 255;

    private final List<HotKeys> loops = new CopyOnWriteArrayList<>();
    private final LongSupplier millis;

    /** {@code millis}: the clock that uses are counted with. */
    public HotList(LongSupplier millis) {
        this.millis = millis;
    }

    /**
     * A key that is used much.
     *
     * @param key its first bytes
     * @param perSecond how often, of late: at least
     * @param uses how often within the time that is looked at, which recent uses count most of: at least
     */
    public record Hot(int hash, int db, byte[] key, double perSecond, double uses) {
        /** Redis's counter after so many uses. */
        public int frequency() {
            return (int) Math.min(LFU_MOST, LFU_START + Math.sqrt(uses / LFU_START));
        }
    }

    /** A place to count for a thread that runs commands. */
    public HotKeys begin() {
        HotKeys keys = new HotKeys();
        loops.add(keys);
        return keys;
    }

    /** A thread runs no more commands. */
    public void end(HotKeys keys) {
        loops.remove(keys);
    }

    /** The hottest keys, at most so many, the hottest first. */
    public List<Hot> top(int most) {
        long now = millis.getAsLong();
        List<HotKeys.Counted> counted = new ArrayList<>();
        loops.forEach(loop -> loop.addTo(counted, now));
        Map<String, Hot> keys = new HashMap<>();
        for (HotKeys.Counted each : counted) {
            keys.merge(each.db() + " " + HotKeys.text(each.key()), hot(each, now), HotList::sum);
        }
        return keys.values().stream()
                .filter(hot -> hot.uses() >= FEWEST * HotKeys.EVERY)
                .sorted(Comparator.comparingDouble(Hot::perSecond).reversed())
                .limit(most)
                .toList();
    }

    private static Hot hot(HotKeys.Counted counted, long now) {
        double uses = (double) (counted.counted() - counted.error()) * HotKeys.EVERY;
        // A steady rate r has counted r * half-life at each halving and grows by r until the next.
        double seconds = (HotKeys.HALF_LIFE_MILLIS + now - counted.halvedMillis()) / 1000.0;
        return new Hot(counted.hash(), counted.db(), counted.key(), uses / seconds, uses);
    }

    private static Hot sum(Hot one, Hot other) {
        return new Hot(one.hash(), one.db(), one.key(), one.perSecond() + other.perSecond(), one.uses() + other.uses());
    }

    private Hot of(int hash, int db) {
        long now = millis.getAsLong();
        List<HotKeys.Counted> counted = new ArrayList<>();
        loops.forEach(loop -> loop.addTo(counted, now));
        Hot sum = new Hot(hash, db, new byte[0], 0, 0);
        for (HotKeys.Counted each : counted) {
            if (each.hash() == hash && each.db() == db) {
                sum = sum(sum, hot(each, now));
            }
        }
        return sum;
    }

    /** Redis's counter of uses for a key that is known to be used much; 0 for another. */
    public int frequency(int hash, int db) {
        Hot hot = of(hash, db);
        return hot.uses() == 0 ? 0 : hot.frequency();
    }

    /** How often a key is used of late; 0 for one that is not known to be used much. */
    public double perSecond(int hash, int db) {
        return of(hash, db).perSecond();
    }
}
