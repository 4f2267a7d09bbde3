package io.plinth.kit.lifecycle;

import io.plinth.kit.config.NodeConfig;
import io.plinth.kit.config.StackFile;

/** One kind of daemon, as the launcher, {@code check} and the reference generator see it. */
public interface DaemonType {
    /** The name in the file: {@code lb-proxy}. */
    String kind();

    /** The record its section is bound to. */
    Class<? extends Record> config();

    /** The port of a node that names none; 0 for a daemon whose listeners stand in its section. */
    int standardPort();

    /** What its process needs, from the section's limits. */
    JvmSizing jvm(StackFile file, NodeConfig node);

    /** Wires a node; opens nothing yet. */
    Daemon create(NodeContext context) throws Exception;
}
