package io.plinth.kvcache.session;

import io.plinth.kvcache.wire.Args;
import io.plinth.kvcache.wire.ClientMemory;
import java.util.ArrayList;
import java.util.List;

/** Owned by the connection's event loop: the commands between MULTI and EXEC. */
public final class Transaction {
    private static final int PER_COMMAND = 128;

    private final List<Args> queued = new ArrayList<>();
    private final ClientMemory memory;
    private long taken;
    private boolean failed;
    private int flags;
    private boolean readable = true;

    public Transaction(ClientMemory memory) {
        this.memory = memory;
    }

    /**
     * Keeps a copy of a command; answers false when the memory of all clients does not suffice. {@code commandFlags} is what kind
     * it is, {@code whileLoading} whether it runs on a node that is being filled.
     */
    public boolean queue(Args args, int commandFlags, boolean whileLoading) {
        long bytes = PER_COMMAND + args.total() + 8L * args.count();
        if (!memory.take(bytes)) {
            return false;
        }
        taken += bytes;
        queued.add(args.copy());
        flags |= commandFlags;
        readable &= whileLoading;
        return true;
    }

    /** A command was refused: EXEC will be, too. */
    public void fail() {
        failed = true;
    }

    /** Whether a command was refused. */
    public boolean failed() {
        return failed;
    }

    /** Whether one of the commands has one of these flags. */
    public boolean any(int wanted) {
        return (flags & wanted) != 0;
    }

    /** Whether all commands run on a node that is being filled. */
    public boolean whileLoading() {
        return readable;
    }

    /** Bytes that they take. */
    public long bytes() {
        return taken;
    }

    /** The commands in order. */
    public List<Args> queued() {
        return queued;
    }

    /** Gives the memory back. */
    void end() {
        memory.give(taken);
        taken = 0;
        queued.forEach(Args::release);
    }
}
