package io.plinth.kit.config;

import org.jspecify.annotations.Nullable;

/** One daemon process: what it runs, where, and on which ports. */
@Doc("One daemon process.")
public record NodeConfig(
        @Doc("The daemon kind, or kind/cluster for a second cluster of that kind in a region.")
        String run,

        @Doc("The region it stands in.") @Default("local") String region,

        @Doc("The host or address it binds and is reached at.") @Default("127.0.0.1")
        String host,

        @Doc("The port of a daemon with one listener; the daemon's standard port where left out.") @Nullable
        Integer port,

        @Doc("The admin HTTP address; 127.0.0.1 and 9900 plus the node's place among all node names where left out.")
        @Nullable
        HostPort admin,

        @Doc("Event loops; one per core where left out.") @Range(min = "1", max = "1024") @Nullable
        Integer loops) {

    /** The daemon kind without the cluster. */
    public String kind() {
        int slash = run.indexOf('/');
        return slash < 0 ? run : run.substring(0, slash);
    }
}
