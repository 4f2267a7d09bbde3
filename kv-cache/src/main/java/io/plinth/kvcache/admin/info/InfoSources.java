package io.plinth.kvcache.admin.info;

import io.netty.channel.EventLoop;
import io.plinth.kvcache.admin.NodeFacts;
import io.plinth.kvcache.admin.config.ConfigTable;
import io.plinth.kvcache.admin.process.ResidentBound;
import io.plinth.kvcache.persist.Persistence;
import io.plinth.kvcache.replica.Replication;
import io.plinth.kvcache.script.ScriptLimits;
import io.plinth.kvcache.script.Scripts;
import java.net.InetSocketAddress;
import java.util.List;
import java.util.Map;
import java.util.function.IntSupplier;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * What INFO tells of, beside what commands work on.
 *
 * @param facts what does not change
 * @param config what is set
 * @param persistence journal and snapshots, once the node has them
 * @param replication whom the node follows
 * @param scripts what is kept of Lua
 * @param listening open ports by their names
 * @param links connections to other nodes
 * @param loops what runs commands
 * @param resident what the process takes at most
 */
public record InfoSources(
        Supplier<NodeFacts> facts,
        ConfigTable config,
        Supplier<@Nullable Persistence> persistence,
        Supplier<@Nullable Replication> replication,
        Scripts scripts,
        Supplier<Map<String, InetSocketAddress>> listening,
        IntSupplier links,
        Supplier<List<EventLoop>> loops,
        ResidentBound resident) {

    /** Of a node that only has keys. */
    public static InfoSources of(Supplier<NodeFacts> facts) {
        return new InfoSources(
                facts,
                new ConfigTable(facts),
                () -> null,
                () -> null,
                new Scripts(ScriptLimits.DEFAULT),
                Map::of,
                () -> 0,
                List::of,
                new ResidentBound(Map.of(), Long.MAX_VALUE));
    }
}
