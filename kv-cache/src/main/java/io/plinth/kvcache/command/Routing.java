package io.plinth.kvcache.command;

import io.plinth.kvcache.cluster.Topology;
import io.plinth.kvcache.command.Command.Flag;
import io.plinth.kvcache.keyspace.Slots;
import io.plinth.kvcache.session.Client;
import io.plinth.kvcache.session.Transaction;
import io.plinth.kvcache.wire.Args;

/** Where in a cluster a command has to be sent. */
final class Routing {
    private Routing() {}

    /** Refuses keys of several slots, and sends the client where the slot is. */
    static void route(CommandTable table, Topology topology, Command command, Client client, Args args) {
        int slot = -1;
        if (command.is(Flag.EXEC)) {
            Transaction transaction = client.transaction();
            if (transaction != null) {
                for (Args queued : transaction.queued()) {
                    Command inner = table.find(queued);
                    if (inner != null) {
                        slot = sameSlot(inner, queued, slot);
                    }
                }
            }
        } else {
            slot = sameSlot(command, args, -1);
        }
        if (slot >= 0 && !topology.owns(slot)) {
            var owner = topology.owner(slot);
            throw new CommandException(
                    "MOVED " + slot + " " + owner.host() + ":" + topology.port(owner, client.secure()));
        }
    }

    private static int sameSlot(Command command, Args args, int before) {
        int[] slot = {before};
        command.keys(args, 0, (i, access) -> {
            int next = Slots.of(args.buffer(), args.offset(i), args.length(i));
            if (slot[0] >= 0 && next != slot[0]) {
                throw new CommandException("CROSSSLOT Keys in request don't hash to the same slot");
            }
            slot[0] = next;
        });
        return slot[0];
    }
}
