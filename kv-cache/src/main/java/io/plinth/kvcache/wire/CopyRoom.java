package io.plinth.kvcache.wire;

/** Owned by its connection's event loop: memory for copies of the running command's long arguments, where these lie with others. */
final class CopyRoom {
    /** Of each: what a command makes of it, and what tells of that. */
    private static final int COPIES = 2;

    private final ClientMemory memory;
    private long taken;

    CopyRoom(ClientMemory memory) {
        this.memory = memory;
    }

    /** For an argument of so many bytes; answers whether there was some. */
    boolean take(int bytes) {
        long more = COPIES * (long) bytes;
        boolean there = memory.take(more);
        taken += there ? more : 0;
        return there;
    }

    /** The command is over. */
    void give() {
        if (taken > 0) {
            memory.give(taken);
            taken = 0;
        }
    }
}
