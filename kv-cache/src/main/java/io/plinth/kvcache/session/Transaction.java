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

    public Transaction(ClientMemory memory) {
        this.memory = memory;
    }

    /** Keeps a copy of a command; answers false when the memory of all clients does not suffice. */
    public boolean queue(Args args) {
        long bytes = PER_COMMAND + args.total() + 8L * args.count();
        if (!memory.take(bytes)) {
            return false;
        }
        taken += bytes;
        queued.add(args.copy());
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

    /** The commands in order. */
    public List<Args> queued() {
        return queued;
    }

    /** Gives the memory back. */
    void end() {
        memory.give(taken);
        taken = 0;
    }
}
