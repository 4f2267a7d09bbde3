package io.plinth.kvcache.admin;

import static io.plinth.kvcache.command.Command.Flag.CONNECTION;
import static io.plinth.kvcache.command.Command.Flag.EVERYTHING;
import static io.plinth.kvcache.command.Command.Flag.FAST;
import static io.plinth.kvcache.command.Command.Flag.LOADING;
import static io.plinth.kvcache.command.Command.Flag.STALE;

import io.plinth.kvcache.cluster.Member;
import io.plinth.kvcache.cluster.SlotRange;
import io.plinth.kvcache.cluster.Topology;
import io.plinth.kvcache.command.Call;
import io.plinth.kvcache.command.CommandException;
import io.plinth.kvcache.command.CommandTable;
import io.plinth.kvcache.command.Help;
import io.plinth.kvcache.keyspace.Segment;
import io.plinth.kvcache.keyspace.Slots;
import io.plinth.kvcache.wire.ReplyWriter;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/** CLUSTER and what else a cluster client says. */
public final class ClusterCommands {
    /** Where Redis's bus would be, which clients print and do not use. */
    private static final int BUS_OFFSET = 10_000;

    private static final int MAX_PORT = 65_535;

    private ClusterCommands() {}

    /** Adds them. */
    public static void register(CommandTable.Builder to) {
        to.group("cluster", 0);
        to.add("cluster", -2, LOADING | STALE | EVERYTHING, "Shows who owns which slot.", ClusterCommands::cluster);
        to.subcommands(
                "cluster",
                "slots 2",
                "shards 2",
                "nodes 2",
                "info 2",
                "myid 2",
                "myshardid 2",
                "replicas 3",
                "slaves 3",
                "keyslot 3",
                "countkeysinslot 3",
                "getkeysinslot 4",
                "reset -2",
                "meet -4",
                "forget 3",
                "addslots -3",
                "delslots -3",
                "setslot -4",
                "failover -2",
                "replicate 3",
                "flushslots 2");
        to.group("cluster", CONNECTION);
        to.add("readonly", 1, FAST | LOADING | STALE, "Allows reads from a copy.", ClusterCommands::accept);
        to.add("readwrite", 1, FAST | LOADING | STALE, "Ends READONLY.", ClusterCommands::accept);
        to.add("asking", 1, FAST, "Allows one command on a slot that moves.", ClusterCommands::accept);
    }

    private static Topology topology(Call call) {
        Topology topology = call.node().topology().get();
        if (!topology.clustered()) {
            throw new CommandException("ERR This instance has cluster support disabled");
        }
        return topology;
    }

    private static void accept(Call call) {
        topology(call);
        call.out().ok();
    }

    private static void cluster(Call call) {
        Topology topology = topology(call);
        switch (call.text(1).toUpperCase(Locale.ROOT)) {
            case "SLOTS" -> slots(call, topology);
            case "SHARDS" -> shards(call, topology);
            case "NODES" -> nodes(call, topology);
            case "INFO" -> info(call, topology);
            // A node without copies is a shard alone.
            case "MYID", "MYSHARDID" -> call.out().bulk(topology.self().id());
            case "REPLICAS", "SLAVES" -> replicas(call, topology);
            case "KEYSLOT" -> {
                call.out()
                        .integer(Slots.of(
                                call.args().buffer(),
                                call.args().offset(2),
                                call.args().length(2)));
            }
            case "COUNTKEYSINSLOT" -> {
                int slot = slot(call);
                Segment segment = call.keyspace().segment(slot);
                segment.lock();
                try {
                    call.out().integer(segment.counted().slot(slot));
                } finally {
                    segment.unlock();
                }
            }
            case "GETKEYSINSLOT" -> keysInSlot(call);
            case "HELP" -> Help.write(call);
            case "RESET", "MEET", "FORGET", "ADDSLOTS", "DELSLOTS", "SETSLOT", "FAILOVER", "REPLICATE", "FLUSHSLOTS" ->
                throw new CommandException("ERR CLUSTER " + call.text(1).toUpperCase(Locale.ROOT)
                        + " is not supported: the nodes of the cluster stand in the stack's file");
            default -> throw CommandException.subcommand(call.text(1), "CLUSTER");
        }
    }

    private static void replicas(Call call, Topology topology) {
        String id = call.text(2);
        if (topology.members().stream().noneMatch(member -> member.id().equals(id))) {
            throw new CommandException("ERR Unknown node " + CommandException.clean(id));
        }
        call.out().array(0);
    }

    private static int slot(Call call) {
        long slot = call.integer(2);
        if (slot < 0 || slot >= Slots.COUNT) {
            throw new CommandException("ERR Invalid slot");
        }
        return (int) slot;
    }

    private static void keysInSlot(Call call) {
        int slot = slot(call);
        long count = call.integer(3);
        if (count < 0) {
            throw new CommandException("ERR Invalid number of keys");
        }
        List<byte[]> keys = new ArrayList<>();
        Segment segment = call.keyspace().segment(slot);
        segment.lock();
        try {
            segment.forEach(entry -> {
                if (entry.slot() == slot && keys.size() < count) {
                    keys.add(entry.key());
                }
            });
        } finally {
            segment.unlock();
        }
        call.out().array(keys.size());
        keys.forEach(call.out()::bulk);
    }

    private static void slots(Call call, Topology topology) {
        ReplyWriter out = call.out();
        record Row(SlotRange range, Member member) {}
        List<Row> rows = new ArrayList<>();
        for (int i = 0; i < topology.members().size(); i++) {
            Member member = topology.members().get(i);
            topology.ranges(i).forEach(range -> rows.add(new Row(range, member)));
        }
        rows.sort(java.util.Comparator.comparingInt(row -> row.range().first()));
        out.array(rows.size());
        for (Row row : rows) {
            out.array(3);
            out.integer(row.range().first());
            out.integer(row.range().last());
            out.array(4);
            out.bulk(row.member().host());
            out.integer(topology.port(row.member(), call.client().secure()));
            out.bulk(row.member().id());
            out.array(0);
        }
    }

    private static void shards(Call call, Topology topology) {
        ReplyWriter out = call.out();
        out.array(topology.members().size());
        for (int i = 0; i < topology.members().size(); i++) {
            Member member = topology.members().get(i);
            List<SlotRange> ranges = topology.ranges(i);
            out.map(2);
            out.bulk("slots");
            out.array(2L * ranges.size());
            for (SlotRange range : ranges) {
                out.integer(range.first());
                out.integer(range.last());
            }
            out.bulk("nodes");
            out.array(1);
            out.map(topology.securePort() == 0 ? 7 : 8);
            out.bulk("id");
            out.bulk(member.id());
            out.bulk("port");
            out.integer(member.port());
            if (topology.securePort() != 0) {
                out.bulk("tls-port");
                out.integer(topology.securePort());
            }
            out.bulk("ip");
            out.bulk(member.host());
            out.bulk("endpoint");
            out.bulk(member.host());
            out.bulk("role");
            out.bulk("master");
            out.bulk("replication-offset");
            out.integer(0);
            out.bulk("health");
            out.bulk("online");
        }
    }

    private static void nodes(Call call, Topology topology) {
        StringBuilder text = new StringBuilder();
        for (int i = 0; i < topology.members().size(); i++) {
            Member member = topology.members().get(i);
            boolean self = member.equals(topology.self());
            int bus = member.port() + BUS_OFFSET > MAX_PORT ? 0 : member.port() + BUS_OFFSET;
            text.append(member.id())
                    .append(' ')
                    .append(member.host())
                    .append(':')
                    .append(topology.port(member, call.client().secure()));
            text.append('@')
                    .append(bus)
                    .append(self ? " myself,master" : " master")
                    .append(" - 0 ");
            text.append(self ? 0 : call.now())
                    .append(' ')
                    .append(topology.epoch())
                    .append(" connected");
            topology.ranges(i).forEach(range -> text.append(' ').append(range));
            text.append('\n');
        }
        call.out().verbatim(text.toString());
    }

    private static void info(Call call, Topology topology) {
        int size = topology.members().size();
        call.out()
                .verbatim("cluster_state:ok\r\ncluster_slots_assigned:" + Slots.COUNT
                        + "\r\ncluster_slots_ok:" + Slots.COUNT
                        + "\r\ncluster_slots_pfail:0\r\ncluster_slots_fail:0\r\ncluster_known_nodes:" + size
                        + "\r\ncluster_size:" + size + "\r\ncluster_current_epoch:" + topology.epoch()
                        + "\r\ncluster_my_epoch:" + topology.epoch()
                        + "\r\ncluster_stats_messages_sent:0\r\ncluster_stats_messages_received:0\r\n"
                        + "total_cluster_links_buffer_limit_exceeded:0\r\n");
    }
}
