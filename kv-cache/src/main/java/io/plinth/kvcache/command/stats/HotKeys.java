package io.plinth.kvcache.command.stats;

import java.util.Arrays;
import java.util.List;
import java.util.concurrent.locks.ReentrantLock;

/**
 * Fed by the one thread that runs commands, read by others: which keys it used most of late. Of about every 32nd use the key is
 * counted in a Space-Saving summary (Metwally, Agrawal, El Abbadi 2005) of 128 places: a key without a place takes that of the
 * least, with its count as possible error. All counts are halved every ten seconds. Nothing is allocated per use. The lock is
 * taken for a counted use only, and by a reader for as long as it takes to copy 128 places.
 */
public final class HotKeys {
    static final int EVERY = 32;
    static final long HALF_LIFE_MILLIS = 10_000;
    /** Of a longer key so many bytes are known. */
    static final int MOST_BYTES = 128;

    private static final int PLACES = 128;

    private final ReentrantLock lock = new ReentrantLock();
    private final int[] hashes = new int[PLACES];
    private final long[] counts = new long[PLACES];
    private final long[] errors = new long[PLACES];
    private final int[] databases = new int[PLACES];
    private final int[] lengths = new int[PLACES];
    private final byte[][] keys = new byte[PLACES][];
    private int used;
    private long halvedMillis;
    private int left = EVERY;
    private int jitter = 1;

    HotKeys() {
        Arrays.setAll(keys, i -> new byte[MOST_BYTES]);
    }

    /**
     * A key and how often it was used.
     *
     * @param key its first {@value #MOST_BYTES} bytes
     * @param counted how often it was counted
     * @param error by how much that may be too high
     * @param halvedMillis when counts were last halved
     */
    record Counted(int hash, int db, byte[] key, long counted, long error, long halvedMillis) {}

    /** Whether this use of a key is one to count. */
    public boolean due() {
        if (--left > 0) {
            return false;
        }
        // Steps that differ, so that no rhythm of the clients hides a key.
        jitter = jitter * 1_103_515_245 + 12_345;
        left = EVERY / 2 + (jitter >>> 16 & EVERY - 1);
        return true;
    }

    /** Counts the use of a key. */
    public void count(int hash, int db, byte[] buffer, int offset, int length, long nowMillis) {
        lock.lock();
        try {
            halve(nowMillis);
            int least = 0;
            for (int i = 0; i < used; i++) {
                if (hashes[i] == hash && databases[i] == db && same(i, buffer, offset, length)) {
                    counts[i]++;
                    return;
                }
                if (counts[i] < counts[least]) {
                    least = i;
                }
            }
            int place = used < PLACES ? used++ : least;
            errors[place] = counts[place];
            counts[place]++;
            hashes[place] = hash;
            databases[place] = db;
            lengths[place] = length;
            System.arraycopy(buffer, offset, keys[place], 0, Math.min(length, MOST_BYTES));
        } finally {
            lock.unlock();
        }
    }

    private boolean same(int place, byte[] buffer, int offset, int length) {
        int known = Math.min(length, MOST_BYTES);
        return lengths[place] == length && Arrays.equals(keys[place], 0, known, buffer, offset, offset + known);
    }

    private void halve(long nowMillis) {
        if (halvedMillis == 0) {
            halvedMillis = nowMillis;
        }
        while (nowMillis - halvedMillis >= HALF_LIFE_MILLIS) {
            long most = 0;
            for (int i = 0; i < used; i++) {
                counts[i] >>= 1;
                errors[i] >>= 1;
                most = Math.max(most, counts[i]);
            }
            if (most == 0) {
                // Nothing is known any more: the next use begins anew.
                used = 0;
                Arrays.fill(counts, 0);
                halvedMillis = nowMillis;
                return;
            }
            halvedMillis += HALF_LIFE_MILLIS;
        }
    }

    /** Adds what is known now. */
    void addTo(List<Counted> all, long nowMillis) {
        lock.lock();
        try {
            halve(nowMillis);
            for (int i = 0; i < used; i++) {
                byte[] key = Arrays.copyOf(keys[i], Math.min(lengths[i], MOST_BYTES));
                all.add(new Counted(hashes[i], databases[i], key, counts[i], errors[i], halvedMillis));
            }
        } finally {
            lock.unlock();
        }
    }

    /** Bytes as they are told apart. */
    static String text(byte[] key) {
        return new String(key, java.nio.charset.StandardCharsets.ISO_8859_1);
    }
}
