package io.plinth.deploy.plan;

import io.plinth.deploy.Daemons;
import io.plinth.kit.config.DataSize;
import io.plinth.kit.config.NodeConfig;
import io.plinth.kit.config.StackFile;
import io.plinth.kit.lifecycle.JvmSizing;
import java.util.Collection;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;

/** How much memory a process of daemons needs, and which JVM options. Stateless. */
public final class Sizing {
    private Sizing() {}

    /** One JVM for all of {@code nodes} has the sum of what each would have; none brings a collector of its own. */
    public static JvmSizing of(StackFile file, Collection<NodeConfig> nodes) {
        long heap = 0;
        long direct = 0;
        Set<String> options = new LinkedHashSet<>();
        for (NodeConfig node : nodes) {
            JvmSizing one = Daemons.named(node.kind())
                    .orElseThrow(() -> new IllegalStateException("daemon: " + node.kind() + " (expected: a known one)"))
                    .jvm(file, node);
            heap += one.heap().bytes();
            direct += one.direct().bytes();
            one.options().stream()
                    .filter(option -> nodes.size() == 1 || !option.matches("-XX:\\+Use\\w+GC"))
                    .forEach(options::add);
        }
        return new JvmSizing(new DataSize(heap), new DataSize(direct), List.copyOf(options));
    }
}
