package io.plinth.kvcache.keyspace.memory;

/** Gives out native memory for elements of collections: whole pages, and places of up to half a page. Guarded by itself. */
public interface Blocks {
    /** The longest place that is no page. */
    int LONGEST_PLACE = 8176;

    /** How many bytes the place has that so many are given, at most {@link #LONGEST_PLACE}. */
    int room(int bytes);

    /** The address of a place for so many bytes, of undefined contents, or of a page. {@link NoRoomException} where there is none. */
    long allocate(int bytes);

    /** Takes it back. */
    void free(long address, int bytes);

    /** A place for the same in a page that is fuller, where that is worth the move; else 0. */
    long fuller(long address, int bytes);

    /** What a place for so many bytes is accounted with. */
    int share(int bytes);
}
