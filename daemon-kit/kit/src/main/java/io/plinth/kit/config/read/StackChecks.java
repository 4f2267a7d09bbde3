package io.plinth.kit.config.read;

import io.plinth.kit.config.AppConfig;
import io.plinth.kit.config.HostPort;
import io.plinth.kit.config.NodeConfig;
import io.plinth.kit.config.Problem;
import io.plinth.kit.config.SectionType;
import io.plinth.kit.config.StackConfig;
import io.plinth.kit.config.StackFile;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** The rules of the part every node shares: references of nodes, addresses used twice. */
final class StackChecks {
    private static final Set<String> LOCAL = Set.of("local");

    private final StackConfig stack;
    private final Map<String, SectionType> kinds;
    private final TreeCheck check;
    private final StackFile file;
    private final Map<String, String> addresses = new HashMap<>();

    StackChecks(
            StackConfig stack,
            Map<String, SectionType> kinds,
            Tree.Mapping tree,
            List<Problem> problems,
            StackFile file) {
        this.stack = stack;
        this.kinds = kinds;
        this.check = new TreeCheck(stack, tree, tree.mark(), problems, false);
        this.file = file;
    }

    void run() {
        if (stack.nodes().isEmpty()) {
            check.problem("nodes", "no nodes (expected: `nodes:` with a `name: { run: kind }` line each)");
        }
        stack.nodes().forEach(this::node);
        stack.apps().forEach(this::app);
    }

    private void node(String name, NodeConfig node) {
        String path = "nodes." + name;
        name(path, name);
        check.reference(path + ".run", "daemon", node.kind(), kinds.keySet());
        check.reference(
                path + ".region",
                "region",
                node.region(),
                stack.regions().isEmpty() ? LOCAL : stack.regions().keySet());
        SectionType kind = kinds.get(node.kind());
        Integer port = node.port();
        if (kind != null && kind.standardPort() == 0 && port != null) {
            check.problem(path + ".port", "a " + node.kind() + " has its listeners in its own section; remove `port`");
        } else if (kind != null && kind.standardPort() != 0) {
            address(path + (port == null ? "" : ".port"), node.host(), port == null ? kind.standardPort() : port, name);
        }
        HostPort admin = file.admin(name);
        address(path + ".admin", admin.host(), admin.port(), name + " (admin)");
    }

    private void app(String name, AppConfig app) {
        String path = "apps." + name;
        name(path, name);
        if (app.command().isEmpty()) {
            check.problem(path, "no command (expected: `command: [program, argument]`)");
        }
        if (app.ready() != null && app.port() == null) {
            check.problem(path + ".ready", "`ready` asks an instance's port; add `port`");
        }
        file.instances(name).forEach((instance, at) -> {
            if (stack.nodes().containsKey(instance)) {
                check.problem(path, "instance " + instance + " has a node's name; rename one");
            }
            address(path + ".port", at.host(), at.port(), instance);
        });
    }

    /** Names become folders, labels and command-line words. */
    private void name(String path, String name) {
        if (!name.matches("[A-Za-z0-9][A-Za-z0-9_-]{0,62}")) {
            check.problem(path, "name `" + name + "` (expected: letters, digits, - and _, at most 63)");
        }
    }

    private void address(String path, String host, int port, String user) {
        if (port == 0) {
            return;
        }
        if (port < 0 || port > 65_535) {
            check.problem(path, "port " + port + " (expected: 0 to 65535)");
            return;
        }
        String earlier = addresses.putIfAbsent(host + ":" + port, user);
        if (earlier != null) {
            check.problem(path, host + ":" + port + " is used by " + earlier + " already; choose another port");
        }
    }
}
