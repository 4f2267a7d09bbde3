package io.plinth.kvcache.keyspace.memory;

/** Gives out native memory for elements of collections, for {@link ByteLog}: pages, and places of at most a kilobyte. Guarded by itself. */
public interface Blocks {
    /** The address of a place for so many bytes, of undefined contents, or of a page. {@link NoRoomException} where there is none. */
    long allocate(int bytes);

    /** Takes it back. */
    void free(long address, int bytes);

    /** A place for the same in a page that is fuller, where that is worth the move; else 0. */
    long fuller(long address, int bytes);

    /** What a place for so many bytes is accounted with. */
    int share(int bytes);
}
