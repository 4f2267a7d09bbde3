package io.plinth.kvcache.keyspace.store;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.assertj.core.api.Assertions.assertThat;

import io.plinth.kvcache.keyspace.value.KeyHash;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.function.IntPredicate;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * Hit ratios on generated traces: S3-FIFO's is at least true LRU's, and above that of Redis's LRU of five samples. With
 * {@code -Deviction.traces=print} the ratios are printed.
 */
class EvictionTracesTest {
    private static final int CAPACITY = 2_000;
    private static final int KEYS = 20_000;
    private static final int REQUESTS = 200_000;
    private static final boolean PRINT = "print".equals(System.getProperty("eviction.traces"));

    enum Trace {
        /** A few keys are asked for often: the key of rank r with a weight of 1/r. */
        ZIPF {
            @Override
            int[] requests(SplittableRandom random) {
                double[] sums = weights(KEYS);
                return fill(i -> ranked(sums, random));
            }
        },
        /** The same with a scan of keys that are never seen again in every fourth part. */
        SCAN {
            @Override
            int[] requests(SplittableRandom random) {
                double[] sums = weights(KEYS);
                return fill(i -> i / 5_000 % 4 == 3 ? KEYS + i : ranked(sums, random));
            }
        },
        /** A loop over half as many keys again as there is room for, with a Zipf's requests between. */
        LOOP {
            @Override
            int[] requests(SplittableRandom random) {
                double[] sums = weights(KEYS);
                return fill(i -> i % 2 == 0 ? KEYS + i / 2 % (CAPACITY * 3 / 2) : ranked(sums, random));
            }
        },
        /** A Zipf's requests whose favourites change all at once, ten times. */
        SHIFTING {
            @Override
            int[] requests(SplittableRandom random) {
                double[] sums = weights(KEYS);
                return fill(i -> (ranked(sums, random) + i / 20_000 * 7_919) % KEYS);
            }
        };

        abstract int[] requests(SplittableRandom random);

        private static int[] fill(java.util.function.IntUnaryOperator key) {
            int[] keys = new int[REQUESTS];
            Arrays.setAll(keys, key);
            return keys;
        }

        private static double[] weights(int keys) {
            double[] sums = new double[keys];
            double sum = 0;
            for (int i = 0; i < keys; i++) {
                sum += 1.0 / (i + 1);
                sums[i] = sum;
            }
            return sums;
        }

        private static int ranked(double[] sums, SplittableRandom random) {
            int at = Arrays.binarySearch(sums, random.nextDouble() * sums[sums.length - 1]);
            return at < 0 ? -at - 1 : at;
        }
    }

    @ParameterizedTest
    @EnumSource
    void hitsAtLeastAsOftenAsTrueLru(Trace trace) {
        for (long seed = 1; seed <= 2; seed++) {
            int[] requests = trace.requests(new SplittableRandom(seed));
            double ours = ratio(requests, new Ours()::asked);
            double lru = ratio(requests, new Lru()::asked);
            double sampled = ratio(requests, new SampledLru(seed)::asked);
            if (PRINT) {
                System.out.printf("%s seed %d: s3-fifo %.4f lru %.4f sampled %.4f%n", trace, seed, ours, lru, sampled);
            }
            assertThat(ours).as("%s, seed %d: true LRU", trace, seed).isGreaterThanOrEqualTo(lru);
            assertThat(ours).as("%s, seed %d: sampled LRU", trace, seed).isGreaterThan(sampled);
        }
    }

    private static double ratio(int[] requests, IntPredicate cache) {
        int hits = 0;
        for (int key : requests) {
            hits += cache.test(key) ? 1 : 0;
        }
        return (double) hits / requests.length;
    }

    /** The queues and records a segment has. */
    private static final class Ours {
        private final Region region = new Region();
        private final Records records = new Records(region, new Slabs(region), new KeyHash(1));
        private final S3Fifo fifo = new S3Fifo(records);

        boolean asked(int key) {
            byte[] name = Integer.toString(key).getBytes(ISO_8859_1);
            int hash = key * 0x9E3779B9;
            int handle = records.find(hash, 0, name, 0, name.length);
            if (handle != 0) {
                records.uses().used(handle, 0);
                return true;
            }
            while (records.size() >= CAPACITY) {
                long victim = fifo.victim();
                fifo.removed(Records.handle(victim));
                records.remove(Records.hash(victim), Records.handle(victim));
            }
            handle = records.addString(hash, 0, 0, name, 0, name.length, new byte[10], 0, 10);
            fifo.added(hash, handle);
            return false;
        }
    }

    private static final class Lru {
        private final Map<Integer, Boolean> keys = new LinkedHashMap<>(CAPACITY, 0.75f, true) {
            @Override
            protected boolean removeEldestEntry(Map.Entry<Integer, Boolean> eldest) {
                return size() > CAPACITY;
            }
        };

        boolean asked(int key) {
            return keys.put(key, true) != null;
        }
    }

    /** Redis's: of five keys taken at random, and the sixteen best of those before, the one not used for longest goes. */
    private static final class SampledLru {
        private final SplittableRandom random;
        private final Map<Integer, Integer> places = new HashMap<>();
        private final int[] keys = new int[CAPACITY];
        private final int[] used = new int[CAPACITY];
        private final List<Integer> pool = new ArrayList<>();
        private int clock;

        SampledLru(long seed) {
            random = new SplittableRandom(seed);
        }

        boolean asked(int key) {
            clock++;
            Integer place = places.get(key);
            if (place != null) {
                used[place] = clock;
                return true;
            }
            int free = places.size() < CAPACITY ? places.size() : evict();
            keys[free] = key;
            used[free] = clock;
            places.put(key, free);
            return false;
        }

        private int evict() {
            for (int i = 0; i < 5; i++) {
                int sample = random.nextInt(CAPACITY);
                if (!pool.contains(sample)) {
                    pool.add(sample);
                }
            }
            pool.sort((a, b) -> Integer.compare(used[a], used[b]));
            while (pool.size() > 16) {
                pool.removeLast();
            }
            int victim = pool.removeFirst();
            places.remove(keys[victim]);
            return victim;
        }
    }
}
