package io.plinth.kvcache.memcached;

import io.netty.buffer.ByteBuf;
import io.plinth.kvcache.wire.ClientMemory;
import io.plinth.kvcache.wire.ReadBuffers;

/**
 * Owned by one connection: what its client sent and what is not yet taken out of it. It lies in an array of the loop's while its
 * commands run, and when they have run what is left of it in one of its own, which counts as memory of clients.
 */
final class Received {
    private static final byte[] NONE = new byte[0];
    private static final int FIRST = 512;
    private static final int STEP = 64 * 1024;

    private final ReadBuffers buffers;
    private final ClientMemory memory;
    private byte[] bytes = NONE;
    /** Whether the array is the loop's. */
    private boolean shared;

    private long taken;
    private int start;
    private int end;

    Received(ReadBuffers buffers, ClientMemory memory) {
        this.buffers = buffers;
        this.memory = memory;
    }

    /** What it lies in. */
    byte[] bytes() {
        return bytes;
    }

    /** Where it begins. */
    int start() {
        return start;
    }

    /** Where it ends. */
    int end() {
        return end;
    }

    boolean isEmpty() {
        return start == end;
    }

    /** What is before an offset is done with. */
    void start(int at) {
        start = at;
    }

    /** Appends what was read; answers false where the memory of clients does not suffice. */
    boolean add(ByteBuf in) {
        int more = in.readableBytes();
        if (bytes.length - end < more && !room(more)) {
            return false;
        }
        in.readBytes(bytes, end, more);
        end += more;
        return true;
    }

    private boolean room(int more) {
        if (bytes.length == 0 && more <= ReadBuffers.SIZE) {
            bytes = more <= ReadBuffers.SMALL ? buffers.takeSmall() : buffers.take();
            shared = true;
            start = 0;
            end = 0;
            return true;
        }
        int length = end - start;
        return own(Math.max(Math.max(FIRST, length + more), Math.min(2 * length, length + more + STEP)));
    }

    /** Moves what is left to an array of this connection's own. */
    private boolean own(int size) {
        if (!memory.take(size)) {
            return false;
        }
        int length = end - start;
        byte[] larger = new byte[size];
        System.arraycopy(bytes, start, larger, 0, length);
        release();
        bytes = larger;
        taken = size;
        end = length;
        return true;
    }

    /** Commands have run: nothing stays in the loop's array. Answers false where the memory of clients does not suffice for what is left. */
    boolean settle() {
        if (start == end) {
            release();
            return true;
        }
        return !shared || own(Math.max(FIRST, end - start));
    }

    /** Gives up what is held. */
    void release() {
        if (shared) {
            buffers.give(bytes);
            shared = false;
        }
        memory.give(taken);
        taken = 0;
        bytes = NONE;
        start = 0;
        end = 0;
    }
}
