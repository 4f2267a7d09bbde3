package io.plinth.kvcache.client;

import io.plinth.kit.config.StackFile;
import io.plinth.kit.config.StackFiles;
import io.plinth.kit.lifecycle.NodeOptions;
import io.plinth.kit.lifecycle.NodeRunner;
import io.plinth.kit.lifecycle.RunningNode;
import io.plinth.kvcache.KvCacheMain;
import io.plinth.testkit.FreePort;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** Nodes of one cluster in this JVM, on free ports. */
final class Cluster implements AutoCloseable {
    private final List<RunningNode> nodes = new ArrayList<>();
    private final Path folder;
    private final String section;
    private final List<Integer> ports;

    private Cluster(Path folder, String section, List<Integer> ports) {
        this.folder = folder;
        this.section = section;
        this.ports = ports;
    }

    /** Starts this many nodes; {@code section} is what stands under {@code kv-cache}. */
    static Cluster start(Path folder, String section, int count) throws Exception {
        Cluster cluster = new Cluster(folder, section, freePorts(count));
        cluster.startAll(count);
        return cluster;
    }

    /** The file with its first {@code count} nodes. */
    StackFile file(int count) throws Exception {
        StringBuilder text = new StringBuilder("stack: test\nkv-cache: { " + section + " }\nnodes:\n");
        for (int i = 0; i < count; i++) {
            text.append("  kv-").append(i).append(": { run: kv-cache, loops: 2, admin: \"127.0.0.1:0\", port: ");
            text.append(ports.get(i)).append(" }\n");
        }
        Path path = Files.writeString(folder.resolve("plinth.yaml"), text);
        return StackFiles.read(path, List.of(KvCacheMain.TYPE), Map.of(), Map.of());
    }

    private void startAll(int count) throws Exception {
        StackFile file = file(count);
        try {
            for (int i = 0; i < count; i++) {
                nodes.add(NodeRunner.start(KvCacheMain.TYPE, file, "kv-" + i, NodeOptions.defaults()));
            }
        } catch (Exception e) {
            close();
            throw e;
        }
    }

    /** Stops every node, and starts as many of the file's. */
    void restart(int count) throws Exception {
        close();
        startAll(count);
    }

    RunningNode node(int i) {
        return nodes.get(i);
    }

    int port(int i) {
        return ports.get(i);
    }

    private static List<Integer> freePorts(int count) throws IOException {
        Set<Integer> free = new LinkedHashSet<>();
        while (free.size() < count) {
            free.add(FreePort.find());
        }
        return List.copyOf(free);
    }

    @Override
    public void close() {
        nodes.forEach(RunningNode::close);
        nodes.clear();
    }
}
