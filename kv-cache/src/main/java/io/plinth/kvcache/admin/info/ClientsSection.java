package io.plinth.kvcache.admin.info;

import io.plinth.kvcache.command.NodeState;
import io.plinth.kvcache.command.stats.Traffic;
import io.plinth.kvcache.keyspace.KeyRef;
import io.plinth.kvcache.session.Blocked;
import io.plinth.kvcache.session.Client;
import java.nio.charset.StandardCharsets;
import java.util.HashSet;
import java.util.Set;

/** INFO clients. */
final class ClientsSection {
    private ClientsSection() {}

    static void write(InfoSources sources, NodeState node, InfoText text) {
        int blocked = 0;
        int timed = 0;
        Set<String> keys = new HashSet<>();
        Set<String> untilGone = new HashSet<>();
        for (Client client : node.clients().all()) {
            Blocked waiting = client.blocked();
            if (waiting != null) {
                blocked++;
                timed += waiting.timed() ? 1 : 0;
                for (KeyRef key : waiting.awaited()) {
                    String name = key.db() + ":" + new String(key.copy(), StandardCharsets.ISO_8859_1);
                    keys.add(name);
                    if (waiting.untilGone()) {
                        untilGone.add(name);
                    }
                }
            }
        }
        text.section("Clients");
        text.line("connected_clients", node.clients().count());
        text.line("cluster_connections", sources.links().getAsInt());
        text.line("maxclients", node.clients().limit());
        Traffic.Largest largest = node.stats().traffic().largest(node.clock().millis());
        text.line("client_recent_max_input_buffer", largest.input());
        text.line("client_recent_max_output_buffer", largest.output());
        text.line("blocked_clients", blocked);
        text.line("tracking_clients", node.tracking().clients());
        text.line("clients_in_timeout_table", timed);
        text.line("total_blocking_keys", keys.size());
        text.line("total_blocking_keys_on_nokey", untilGone.size());
        text.line("client_memory", node.memory().used());
    }
}
