package io.plinth.deploy.plan;

import io.plinth.kit.config.HostPort;
import io.plinth.kit.config.NodeConfig;
import io.plinth.kit.config.StackFile;
import io.plinth.lbproxy.LbProxyConfig;
import io.plinth.mqbroker.MqBrokerConfig;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeMap;

/** Where a daemon node serves. Stateless. */
final class ListenerPlan {
    private ListenerPlan() {}

    static List<Claim> of(StackFile file, String name, NodeConfig node) {
        if (node.kind().equals("lb-proxy")) {
            List<Claim> claims = new ArrayList<>();
            new TreeMap<>(file.section(node, LbProxyConfig.class).listeners())
                    .forEach((listener, config) -> claims.add(new Claim(
                            name, listener, node.run() + ".listeners." + listener + ".bind", config.bind(), false)));
            return claims;
        }
        int port = file.port(node);
        String protocol = switch (node.kind()) {
            case "geo-dns" -> "dns";
            case "kv-cache" -> "redis";
            case "mq-broker" -> "amqp";
            case "db-proxy" -> "postgres";
            default -> "client";
        };
        List<Claim> claims = new ArrayList<>(List.of(new Claim(
                name,
                protocol,
                "nodes." + name + ".port",
                new HostPort(node.host(), port),
                node.kind().equals("geo-dns"))));
        if (node.kind().equals("mq-broker")) {
            MqBrokerConfig.Management management =
                    file.section(node, MqBrokerConfig.class).management();
            if (management.enabled()) {
                HostPort at = new HostPort(node.host(), management.portBeside(port));
                claims.add(new Claim(name, "management", node.run() + ".management.port", at, false));
            }
        }
        return claims;
    }
}
