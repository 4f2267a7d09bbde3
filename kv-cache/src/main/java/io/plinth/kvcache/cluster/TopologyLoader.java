package io.plinth.kvcache.cluster;

import io.plinth.kit.config.NodeConfig;
import io.plinth.kit.hashing.SlotPlanner;
import io.plinth.kit.hashing.SlotTable;
import io.plinth.kvcache.keyspace.Slots;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** Makes a node's topology from the file's node list and the stored slot table; refuses lists that contradict it. */
public final class TopologyLoader {
    private final String cluster;
    private final int standardPort;

    /** {@code cluster}: what tells this cluster from every other, for the node ids. */
    public TopologyLoader(String cluster, int standardPort) {
        this.cluster = cluster;
        this.standardPort = standardPort;
    }

    /** The topology of node {@code self}; plans and stores the first table where there is none. */
    public Topology load(Path folder, String self, Map<String, NodeConfig> nodes) throws IOException {
        List<String> names = nodes.keySet().stream().sorted().toList();
        SlotFile file = new SlotFile(folder);
        SlotAssignment table = file.load();
        if (table == null) {
            table = first(names);
            file.store(table);
        } else if (!table.nodes().equals(names)) {
            throw new IOException("kv-cache nodes: " + String.join(", ", names) + " (expected: "
                    + String.join(", ", table.nodes()) + ", as in " + file.path()
                    + "; to move, put the old list back, or"
                    + " stop every node of this cluster, remove the file `slots` from each one's data folder and start"
                    + " them: the cache then begins empty)");
        }
        return new Topology(table, members(names, nodes), names.indexOf(self));
    }

    /** Checks that a changed file keeps the nodes of the table; answers the topology with the file's addresses. */
    public @Nullable Topology moved(Topology current, Map<String, NodeConfig> nodes) {
        List<String> names = nodes.keySet().stream().sorted().toList();
        List<String> before = current.members().stream().map(Member::name).toList();
        return names.equals(before) ? current.at(members(names, nodes)) : null;
    }

    private List<Member> members(List<String> names, Map<String, NodeConfig> nodes) {
        List<Member> members = new ArrayList<>();
        for (String name : names) {
            NodeConfig node = nodes.get(name);
            if (node != null) {
                Integer port = node.port();
                members.add(
                        new Member(name, Member.id(cluster, name), node.host(), port == null ? standardPort : port));
            }
        }
        return members;
    }

    /** The same on every node, without asking: it depends on the sorted names alone. */
    private static SlotAssignment first(List<String> names) {
        Map<String, Integer> weights = new TreeMap<>();
        names.forEach(name -> weights.put(name, 1));
        SlotTable plan = SlotPlanner.plan(SlotTable.empty(Slots.COUNT), weights);
        short[] owners = new short[Slots.COUNT];
        for (SlotTable.Run run : plan.runs()) {
            Arrays.fill(owners, run.from(), run.to() + 1, (short) names.indexOf(run.node()));
        }
        return new SlotAssignment(1, names, owners);
    }
}
