package io.plinth.dbproxy.mirror;

import io.plinth.kit.config.Default;
import io.plinth.kit.config.Doc;
import io.plinth.kit.config.HostPort;
import io.plinth.kit.config.Range;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/** Where a database's reads are sent as well. */
@Doc("A server that is sent a share of the reads as well; its answers are thrown away, and no client waits for it.")
public record MirrorConfig(
        @Doc("Its address; clients' users log in to it as to the other servers.")
        HostPort at,

        @Doc("The database's name on it; the one clients connect to where left out.") @Nullable
        String database,

        @Doc("How many of a hundred reads it is sent, picked by chance.") @Default("100") @Range(min = "1", max = "100")
        int percent,

        @Doc("Connections to it per event loop.") @Default("2") @Range(min = "1", max = "1000")
        int connections,

        @Doc("Reads that may wait for one of those, per event loop; further ones are not mirrored.")
        @Default("100")
        @Range(min = "0", max = "100000")
        int queue,

        @Doc("How long it may take to answer one.") @Default("5s") @Range(min = "10ms", max = "10m")
        Duration timeout) {}
