package io.plinth.kit.lifecycle;

import io.plinth.kit.config.NodeConfig;
import io.plinth.kit.config.SectionType;
import io.plinth.kit.config.StackFile;
import java.util.Collection;
import java.util.List;
import java.util.TreeSet;
import picocli.CommandLine;

/** Starts nodes: one in a process of its own, or several in one JVM. */
public final class NodeRunner {
    private NodeRunner() {}

    /** Starts {@code node} of the file, which must run {@code type}; throws one line, leaving nothing open. */
    public static RunningNode start(DaemonType type, StackFile file, String node, NodeOptions options)
            throws StartException {
        NodeConfig config = file.stack().nodes().get(node);
        if (config == null) {
            throw new StartException(
                    "node: " + node + " (expected: one of "
                            + new TreeSet<>(file.stack().nodes().keySet()) + " in " + file.path() + ")",
                    null);
        }
        if (!config.kind().equals(type.kind())) {
            throw new StartException(
                    node + ": runs " + config.kind() + " in " + file.path() + " (expected: " + type.kind() + ")", null);
        }
        RunningNode running = new RunningNode(node, config, file, options);
        running.start(type);
        return running;
    }

    /**
     * What a daemon's main class does: runs one node of the file in this process until it is told to stop.
     *
     * @param kinds every daemon kind whose section may stand in the file
     * @return the process's exit code: 0 after a stop, 1 where it could not start, 2 for a wrong command line
     */
    public static int main(DaemonType type, Collection<? extends SectionType> kinds, String[] args) {
        return new CommandLine(new NodeCommand(type, kinds)).execute(args);
    }

    /** As above for a file that has this daemon's section only. */
    public static int main(DaemonType type, String[] args) {
        return main(type, List.of(type), args);
    }

    /** {@link #start(DaemonType, StackFile, String, NodeOptions)} as a node inside another program. */
    public static RunningNode start(DaemonType type, StackFile file, String node) throws StartException {
        return start(type, file, node, NodeOptions.defaults());
    }
}
