package io.plinth.deploy.start;

import io.plinth.deploy.Daemons;
import io.plinth.kit.config.StackFile;
import io.plinth.kit.lifecycle.NodeOptions;
import io.plinth.kit.lifecycle.NodeRunner;
import io.plinth.kit.lifecycle.RunningNode;
import io.plinth.kit.lifecycle.StackFileLoader;
import io.plinth.kit.lifecycle.StartException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** All daemons of a file in this JVM. Owned by the thread that starts them; closed by any, once. */
public final class HostedDaemons implements AutoCloseable {
    private static final List<String> EDGE = List.of("lb-proxy", "geo-dns");

    private final Duration drain;
    private final List<RunningNode> running = new ArrayList<>();

    private HostedDaemons(Duration drain) {
        this.drain = drain;
    }

    /** Starts every node, those that others stand on first; on failure closes what was started. */
    public static HostedDaemons start(StackFile file, StackFileLoader loader) throws StartException {
        NodeOptions options = NodeOptions.defaults().withLoader(loader).withEnvironment(Map.of());
        HostedDaemons daemons = new HostedDaemons(options.drain());
        Map<String, String> kinds = new TreeMap<>();
        file.stack().nodes().forEach((name, node) -> kinds.put(name, node.kind()));
        List<String> order = new ArrayList<>(kinds.keySet());
        order.sort(Comparator.comparingInt(name -> EDGE.contains(kinds.get(name)) ? 1 : 0));
        try {
            for (String name : order) {
                var type = Daemons.named(String.valueOf(kinds.get(name)))
                        .orElseThrow(() -> new StartException(name + ": no daemon of kind " + kinds.get(name), null));
                daemons.running.add(NodeRunner.start(type, file, name, options));
            }
        } catch (StartException e) {
            daemons.running.reversed().forEach(RunningNode::close);
            throw e;
        }
        return daemons;
    }

    /** The nodes, in the order they were started. */
    public List<RunningNode> running() {
        return List.copyOf(running);
    }

    /** Drains and stops them, the last started first. */
    @Override
    public void close() {
        for (RunningNode node : running.reversed()) {
            node.drainAndStop(drain).join();
        }
    }
}
