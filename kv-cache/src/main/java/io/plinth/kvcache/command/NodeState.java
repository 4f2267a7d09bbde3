package io.plinth.kvcache.command;

import io.plinth.kvcache.cluster.PeerPublisher;
import io.plinth.kvcache.cluster.Topology;
import io.plinth.kvcache.command.Command.Flag;
import io.plinth.kvcache.command.spec.CommandFacts;
import io.plinth.kvcache.keyspace.Keyspace;
import io.plinth.kvcache.session.Client;
import io.plinth.kvcache.session.Clients;
import io.plinth.kvcache.session.PubSub;
import io.plinth.kvcache.session.Tracking;
import io.plinth.kvcache.session.Transaction;
import io.plinth.kvcache.wire.Args;
import io.plinth.kvcache.wire.ClientMemory;
import io.plinth.kvcache.wire.WireLimits;
import java.time.Clock;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import java.util.random.RandomGenerator;

/**
 * What the commands of one node work on.
 *
 * @param keyspace its keys
 * @param topology its place in the cluster, as it stands now
 * @param clients who is connected
 * @param pubSub who listens
 * @param tracking who has which key in a cache of its own
 * @param peers where messages go on
 * @param settings what can be changed
 * @param stats what was counted
 * @param memory what clients take
 * @param limits what clients may send
 * @param clock wall-clock time
 * @param random safe for all loops
 */
public record NodeState(
        Keyspace keyspace,
        Supplier<Topology> topology,
        Clients clients,
        PubSub pubSub,
        Tracking tracking,
        PeerPublisher peers,
        Settings settings,
        Stats stats,
        ClientMemory memory,
        WireLimits limits,
        Clock clock,
        RandomGenerator random) {
    /** What who may not write here is answered. */
    public static final String READONLY = "READONLY You can't write against a read only replica.";

    /** Makes room for so many bytes; answers whether there is. Where that takes long it is a moment that LATENCY shows. */
    boolean makeRoom(long more) {
        if (keyspace.memory().fits(more)) {
            return true;
        }
        long begun = stats.clock().getAsLong();
        boolean room = keyspace.makeRoom(more);
        long took = TimeUnit.NANOSECONDS.toMillis(stats.clock().getAsLong() - begun);
        stats.latencies().add("eviction-cycle", took, clock.millis());
        return room;
    }

    private static final String LOADING = "LOADING Redis is loading the dataset in memory";

    /** Refuses writes that could not be kept, in the journal's words; on a replica those of clients, and reads while it is filled. */
    void admits(Command command, Args args, Client client) {
        boolean writes = command.is(Flag.WRITE)
                || (!command.subcommands().isEmpty() && command.factsOf(args, 0).is("write"));
        Transaction queued = command.is(Flag.EXEC) ? client.transaction() : null;
        if (settings.readOnly() && !client.primary()) {
            CommandFacts facts = command.factsOf(args, 0);
            if (writes || (queued != null && queued.any(Flag.WRITE))) {
                throw new CommandException(READONLY);
            }
            if (settings.loading() && !(facts.is("loading") && (queued == null || queued.whileLoading()))) {
                throw new CommandException(LOADING);
            }
        }
        String refusal = keyspace.durability().refusal();
        if (refusal == null) {
            return;
        }
        // A script is refused its first write; Redis tells who only asks whether it is well, too, but no script.
        if (writes
                || (queued != null && queued.any(Flag.WRITE))
                || (keyspace.durability().fails() && command.name().equals("ping"))) {
            throw new CommandException(refusal);
        }
    }
}
