package io.plinth.kvcache.session.turn;

/** Written by its loop, read by others as it stands: what its connections read and wrote. */
public final class LoopTraffic {
    /** The largest buffers of so many seconds are known. */
    private static final int SECONDS = 8;

    private long input;
    private long output;
    private long reads;
    private long writes;
    /** The last second that something was counted in. */
    private long newest;

    private final long[] second = new long[SECONDS];
    private final int[] largestInput = new int[SECONDS];
    private final int[] largestOutput = new int[SECONDS];

    /** So many bytes came, behind others that are not decoded yet. */
    public void read(int bytes, int before, long nowMillis) {
        input += bytes;
        reads++;
        int at = second(nowMillis);
        largestInput[at] = Math.max(largestInput[at], before + bytes);
    }

    /** So many bytes are handed to the socket. */
    public void wrote(int bytes, long nowMillis) {
        output += bytes;
        writes++;
        int at = second(nowMillis);
        largestOutput[at] = Math.max(largestOutput[at], bytes);
    }

    private int second(long nowMillis) {
        // A connection may tell when it last ran something: what lies before others' is counted with theirs and wipes
        // nothing out.
        newest = Math.max(newest, nowMillis / 1000);
        int at = (int) (newest % SECONDS);
        if (second[at] != newest) {
            second[at] = newest;
            largestInput[at] = 0;
            largestOutput[at] = 0;
        }
        return at;
    }

    /** Bytes that came. */
    public long input() {
        return input;
    }

    /** Bytes that were sent. */
    public long output() {
        return output;
    }

    public long reads() {
        return reads;
    }

    public long writes() {
        return writes;
    }

    /** The most bytes that one connection had to be decoded in the last seconds. */
    public int largestInput(long nowMillis) {
        return largest(largestInput, nowMillis);
    }

    /** The most bytes of replies that one connection had to be sent at once in the last seconds. */
    public int largestOutput(long nowMillis) {
        return largest(largestOutput, nowMillis);
    }

    private int largest(int[] of, long nowMillis) {
        int most = 0;
        for (int i = 0; i < SECONDS; i++) {
            if (nowMillis / 1000 - second[i] < SECONDS) {
                most = Math.max(most, of[i]);
            }
        }
        return most;
    }
}
