package io.plinth.kvcache.keyspace.store;

/** Guarded by the segment's lock of the records it is asked about: what eviction notes in each. */
public final class Uses {
    static final int UNLINKED = 0;
    static final int SMALL = 1;
    static final int MAIN = 2;

    private static final int MOST = 3;

    private final Region region;

    Uses(Region region) {
        this.region = region;
    }

    /** Seconds of the last use. */
    public int touched(int handle) {
        return Layout.touched(region.address(handle));
    }

    /** Says when it was last used, without counting that. */
    public void touched(int handle, int seconds) {
        Layout.touched(region.address(handle), seconds);
    }

    /** Counts a use, up to three. */
    public void used(int handle, int seconds) {
        long at = region.address(handle);
        Layout.touched(at, seconds);
        int frequency = Layout.frequency(at);
        if (frequency < MOST) {
            Layout.frequency(at, frequency + 1);
        }
    }

    /** Uses counted, 0 to 3. */
    public int frequency(int handle) {
        return Layout.frequency(region.address(handle));
    }

    void frequency(int handle, int count) {
        Layout.frequency(region.address(handle), count);
    }

    int queue(int handle) {
        return Layout.queue(region.address(handle));
    }

    void queue(int handle, int queue) {
        Layout.queue(region.address(handle), queue);
    }

    /** Whether it waits for eviction. */
    public boolean isQueued(int handle) {
        return queue(handle) != UNLINKED;
    }

    /** Says that it does not. */
    public void unqueue(int handle) {
        queue(handle, UNLINKED);
    }

    void mark(int handle, boolean yes) {
        Layout.mark(region.address(handle), yes);
    }
}
