package io.plinth.kvcache.persist;

/**
 * How snapshots went. Immutable.
 *
 * @param saving whether one is being written
 * @param begunMillis when the last one began, 0 for never
 * @param lastMillis when one was written last, or the node began
 * @param lastTookMillis how long that took; -1 where there was none
 * @param written how many were
 * @param failures how many failed since
 * @param loadedKeys how many keys the start found in one
 */
public record SaveCounts(
        boolean saving,
        long begunMillis,
        long lastMillis,
        long lastTookMillis,
        long written,
        long failures,
        long loadedKeys) {
    /** Of a node that keeps nothing. */
    public static final SaveCounts NONE = new SaveCounts(false, 0, 0, -1, 0, 0, 0);

    /** Whether the last one failed. */
    public boolean lastFailed() {
        return failures > 0;
    }

    SaveCounts started(long nowMillis, long keys) {
        return new SaveCounts(false, 0, nowMillis, -1, 0, 0, keys);
    }

    SaveCounts begun(long nowMillis) {
        return new SaveCounts(saving, nowMillis, lastMillis, lastTookMillis, written, failures, loadedKeys);
    }

    SaveCounts succeeded(long nowMillis, long tookMillis) {
        return new SaveCounts(saving, begunMillis, nowMillis, tookMillis, written + 1, 0, loadedKeys);
    }

    SaveCounts failed() {
        return new SaveCounts(saving, begunMillis, lastMillis, lastTookMillis, written, failures + 1, loadedKeys);
    }

    SaveCounts saving(boolean now) {
        return new SaveCounts(now, begunMillis, lastMillis, lastTookMillis, written, failures, loadedKeys);
    }
}
