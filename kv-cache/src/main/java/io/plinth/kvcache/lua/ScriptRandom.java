package io.plinth.kvcache.lua;

/** The 48-bit generator that Redis gives to scripts, which starts where Redis's starts. */
public final class ScriptRandom {
    private static final long FACTOR = 0x5DEECE66DL;
    private static final long ADDEND = 0xB;
    private static final long MASK = (1L << 48) - 1;
    private static final long UNSEEDED = 0x1234ABCD330EL;
    private static final int LOW_WORD = 0x330E;
    private static final int SHIFT = 17;

    private long state = UNSEEDED;

    /** Starts anew. */
    public void seed(int number) {
        state = (number & 0xffffffffL) << 16 | LOW_WORD;
    }

    /** From 0 up to, not including, 1. */
    public double next() {
        state = state * FACTOR + ADDEND & MASK;
        long drawn = state >>> SHIFT;
        return (double) (drawn % Integer.MAX_VALUE) / Integer.MAX_VALUE;
    }
}
