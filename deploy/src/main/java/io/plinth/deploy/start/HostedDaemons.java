package io.plinth.deploy.start;

import io.plinth.deploy.Daemons;
import io.plinth.kit.config.NodeConfig;
import io.plinth.kit.config.StackFile;
import io.plinth.kit.lifecycle.DaemonType;
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
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;

/** All daemons of a file in this JVM. Owned by the thread that starts them; closed by any, once. */
public final class HostedDaemons implements AutoCloseable {
    private static final List<String> EDGE = List.of("lb-proxy", "geo-dns");

    private final Duration drain;
    private final List<RunningNode> running = new ArrayList<>();

    private HostedDaemons(Duration drain) {
        this.drain = drain;
    }

    /** Starts every node, side by side, as most of it is waiting for disks; on failure closes what was started. */
    public static HostedDaemons start(StackFile file, StackFileLoader loader) throws StartException {
        NodeOptions options = NodeOptions.defaults().withLoader(loader).withEnvironment(Map.of());
        HostedDaemons daemons = new HostedDaemons(options.drain());
        Map<String, Future<RunningNode>> starting = new TreeMap<>(byLevel(file));
        StartException failure = null;
        try (ExecutorService threads = Executors.newCachedThreadPool()) {
            file.stack()
                    .nodes()
                    .forEach((name, node) -> starting.put(
                            name,
                            threads.submit(() -> NodeRunner.start(type(name, node.kind()), file, name, options))));
            for (Future<RunningNode> one : starting.values()) {
                try {
                    daemons.running.add(one.get());
                } catch (ExecutionException e) {
                    Throwable cause = e.getCause();
                    failure = cause instanceof StartException own ? own : new StartException(String.valueOf(cause), e);
                } catch (InterruptedException e) {
                    Thread.currentThread().interrupt();
                    failure = new StartException("interrupted while starting", e);
                }
            }
        }
        if (failure != null) {
            daemons.running.reversed().forEach(RunningNode::close);
            throw failure;
        }
        return daemons;
    }

    /** The nodes that others stand on first, so that they stop last. */
    private static Comparator<String> byLevel(StackFile file) {
        return Comparator.<String>comparingInt(name -> {
                    NodeConfig node = file.stack().nodes().get(name);
                    return node != null && EDGE.contains(node.kind()) ? 1 : 0;
                })
                .thenComparing(Comparator.naturalOrder());
    }

    private static DaemonType type(String name, String kind) throws StartException {
        return Daemons.named(kind).orElseThrow(() -> new StartException(name + ": no daemon of kind " + kind, null));
    }

    /** The nodes; those that stop last come first. */
    public List<RunningNode> running() {
        return List.copyOf(running);
    }

    /** Drains and stops them, the edge first. */
    @Override
    public void close() {
        for (RunningNode node : running.reversed()) {
            node.drainAndStop(drain).join();
        }
    }
}
