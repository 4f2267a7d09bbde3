package io.plinth.kvcache.keyspace.memory;

/**
 * Guarded by its key's segment lock: the bytes of a collection's elements, where these are not in their key's record: on the heap while no
 * segment has the collection, then in native memory.
 */
public interface Elements {
    /** They belong to a segment from now on: moves them to native memory where it has room, unless they are there. */
    void settle(Blocks to);

    /** Their segment gives them up, and another has them at once: {@link #leave} and {@link #release} leave them where they are. */
    void moving();

    /** No segment took them. */
    void stranded();

    /** They belong to no segment from now on, and somebody still reads them: moves them to the heap. */
    void leave();

    /** Gives their native memory back, and with it the bytes. */
    void release();

    /** Moves some of their places out of pages that are nearly empty; answers how many bytes it copied. */
    int compact();
}
