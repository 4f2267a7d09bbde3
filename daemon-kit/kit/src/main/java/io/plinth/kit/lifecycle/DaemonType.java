package io.plinth.kit.lifecycle;

import io.plinth.kit.config.NodeConfig;
import io.plinth.kit.config.SectionType;
import io.plinth.kit.config.StackFile;

/** One kind of daemon, as the launcher, {@code check} and the reference generator see it. */
public interface DaemonType extends SectionType {
    /** What its process needs, from the section's limits. */
    JvmSizing jvm(StackFile file, NodeConfig node);

    /**
     * Whether an old and a new process of one node may run side by side, as they do while listeners are handed over: true
     * only for a daemon that writes nothing to its data folder. Else the new one waits until the old one has drained.
     */
    default boolean sharesData() {
        return false;
    }

    /** Wires a node; opens nothing yet. */
    Daemon create(NodeContext context) throws Exception;
}
