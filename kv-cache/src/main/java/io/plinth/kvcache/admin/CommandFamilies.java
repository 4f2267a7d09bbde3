package io.plinth.kvcache.admin;

import io.plinth.kvcache.command.CommandTable;
import io.plinth.kvcache.command.ConnectionCommands;
import io.plinth.kvcache.command.PubSubCommands;
import io.plinth.kvcache.command.TransactionCommands;
import io.plinth.kvcache.command.bits.BitCommands;
import io.plinth.kvcache.command.cache.CacheCommands;
import io.plinth.kvcache.command.cache.CachePatterns;
import io.plinth.kvcache.command.geo.GeoCommands;
import io.plinth.kvcache.command.hash.HashCommands;
import io.plinth.kvcache.command.hll.HyperLogLogCommands;
import io.plinth.kvcache.command.keys.DumpCommands;
import io.plinth.kvcache.command.keys.ExpireCommands;
import io.plinth.kvcache.command.keys.KeyCommands;
import io.plinth.kvcache.command.keys.SortCommand;
import io.plinth.kvcache.command.list.ListCommands;
import io.plinth.kvcache.command.set.SetCommands;
import io.plinth.kvcache.command.stream.StreamCommands;
import io.plinth.kvcache.command.string.LcsCommand;
import io.plinth.kvcache.command.string.StringCommands;
import io.plinth.kvcache.command.zset.SortedSetCommands;

/** Every command that needs no more than keys, connections and the cluster. */
public final class CommandFamilies {
    private CommandFamilies() {}

    /** Adds them. */
    public static void register(CommandTable.Builder to, CachePatterns patterns) {
        ConnectionCommands.register(to);
        StringCommands.register(to);
        HashCommands.register(to);
        ListCommands.register(to);
        SetCommands.register(to);
        SortedSetCommands.register(to);
        StreamCommands.register(to);
        BitCommands.register(to);
        HyperLogLogCommands.register(to);
        GeoCommands.register(to);
        LcsCommand.register(to);
        SortCommand.register(to);
        DumpCommands.register(to);
        KeyCommands.register(to);
        ExpireCommands.register(to);
        CacheCommands.register(to, patterns);
        TransactionCommands.register(to);
        PubSubCommands.register(to);
        ClientCommands.register(to);
        ClusterCommands.register(to);
    }
}
