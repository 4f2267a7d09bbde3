package io.plinth.deploy.plan;

import io.plinth.kit.config.HostPort;
import io.plinth.kit.config.NodeConfig;
import io.plinth.kit.config.StackFile;
import java.util.List;

/** Where a daemon node serves. Stateless. */
final class ListenerPlan {
    private ListenerPlan() {}

    static List<Claim> of(StackFile file, String name, NodeConfig node) {
        int port = file.port(node);
        if (port == 0) {
            return List.of();
        }
        return List.of(new Claim(
                name,
                node.kind(),
                "nodes." + name + ".port",
                new HostPort(node.host(), port),
                node.kind().equals("geo-dns")));
    }
}
