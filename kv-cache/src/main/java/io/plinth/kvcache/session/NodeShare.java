package io.plinth.kvcache.session;

import io.plinth.kvcache.keyspace.write.Durability;
import io.plinth.kvcache.wire.ClientMemory;
import io.plinth.kvcache.wire.WireLimits;
import java.time.Clock;
import java.util.function.BooleanSupplier;

/** What all connections of a node share. */
public record NodeShare(
        Clients clients,
        PubSub pubSub,
        Tracking tracking,
        ClientMemory memory,
        WireLimits limits,
        BooleanSupplier passwordNeeded,
        Durability durability,
        Clock clock) {}
