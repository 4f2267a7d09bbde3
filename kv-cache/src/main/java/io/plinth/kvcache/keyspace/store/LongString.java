package io.plinth.kvcache.keyspace.store;

/**
 * Guarded by its segment's lock: where a string that no record has room for lies in native memory. Its bytes are whole pages, and
 * then places of pages that several share. So pages of all strings are alike, none is left that no string fits into, and what lies
 * idle is what a page of places leaves open.
 */
final class LongString {
    /** What it takes beside its bytes: itself and the head of an array. */
    private static final int OVERHEAD = 56;

    /** Names of pages, then of places. */
    int[] chunks = new int[0];

    /** How many pages. */
    int pages;

    /** Which places, see {@link LongStrings}. */
    int tail;

    int length;

    /** How many bytes there is room for. */
    int room;

    /** What pages and places are accounted with. */
    long places;

    int length() {
        return length;
    }

    /** What it is accounted with. */
    long taken() {
        return OVERHEAD + places + ((long) chunks.length << 2);
    }
}
