package io.plinth.kvcache.command;

import io.plinth.kvcache.cluster.PeerPublisher;
import io.plinth.kvcache.cluster.Topology;
import io.plinth.kvcache.keyspace.Keyspace;
import io.plinth.kvcache.session.Client;
import io.plinth.kvcache.session.Clients;
import io.plinth.kvcache.session.PubSub;
import io.plinth.kvcache.session.Tracking;
import io.plinth.kvcache.wire.ClientMemory;
import io.plinth.kvcache.wire.WireLimits;
import java.time.Clock;
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

    /** Refuses writes that could not be kept, in the journal's words, and on a replica those of clients. */
    void writable(Command command, Client client) {
        if (settings.readOnly() && command.is(Command.Flag.WRITE) && !client.primary()) {
            throw new CommandException(READONLY);
        }
        String refusal = keyspace.durability().refusal();
        if (refusal != null) {
            throw new CommandException(refusal);
        }
    }
}
