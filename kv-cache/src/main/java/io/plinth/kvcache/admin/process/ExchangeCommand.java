package io.plinth.kvcache.admin.process;

import static io.plinth.kvcache.command.Command.Flag.EVERYTHING;
import static io.plinth.kvcache.command.Command.Flag.LOCKS_ITSELF;

import io.plinth.kvcache.command.Call;
import io.plinth.kvcache.command.CommandException;
import io.plinth.kvcache.command.CommandTable;
import io.plinth.kvcache.keyspace.Keyspace;
import io.plinth.kvcache.keyspace.ScriptTurn;
import io.plinth.kvcache.keyspace.SegmentSet;

/** SWAPDB: two databases change their names, whatever they hold, in one step that nobody sees half of. */
public final class ExchangeCommand {
    private ExchangeCommand() {}

    /** Adds it. */
    public static void register(CommandTable.Builder to) {
        to.add("swapdb", EVERYTHING | LOCKS_ITSELF, "Swaps two databases.", ExchangeCommand::run);
    }

    private static void run(Call call) {
        if (call.node().topology().get().clustered()) {
            throw new CommandException("ERR SWAPDB is not allowed in cluster mode");
        }
        int one = index(call, 1, "first");
        int other = index(call, 2, "second");
        if (one < 0 || other < 0 || Math.max(one, other) >= Keyspace.DATABASES) {
            throw new CommandException("ERR DB index is out of range");
        }
        if (one != other && call.mayWait()) {
            // Nobody empties a database segment by segment meanwhile. A script has the turn already.
            ScriptTurn turn = call.keyspace().turn();
            turn.take();
            try {
                exchange(call, one, other);
            } finally {
                turn.give();
            }
        } else if (one != other) {
            exchange(call, one, other);
        }
        call.out().ok();
    }

    private static int index(Call call, int arg, String which) {
        return (int) call.integer(arg, Integer.MIN_VALUE, Integer.MAX_VALUE, "invalid " + which + " DB index");
    }

    private static void exchange(Call call, int one, int other) {
        Keyspace keyspace = call.keyspace();
        SegmentSet all = new SegmentSet();
        all.addAll();
        all.lock(keyspace);
        try {
            keyspace.exchange(one, other, call.now());
            call.node().settings().cachePolicy().exchanged(one, other);
            call.client().order(keyspace.databases().now());
            if (call.mayWait()) {
                // Before anybody else sees what is there now; transactions and scripts do so at their end.
                call.executor().served(all, call.now());
            }
        } finally {
            all.unlock(keyspace);
        }
    }
}
