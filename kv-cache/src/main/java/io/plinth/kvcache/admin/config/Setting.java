package io.plinth.kvcache.admin.config;

import io.plinth.kvcache.command.NodeState;
import org.jspecify.annotations.Nullable;

/** One name of CONFIG. Safe for all loops. */
interface Setting {
    /** As CONFIG GET shows it. */
    String shown(NodeState node);

    /** Changes it; answers what is wrong with the value, in Redis's words, or null. */
    @Nullable
    String change(NodeState node, String value);

    /** Brings back what it is now. */
    default Runnable undo(NodeState node) {
        String before = shown(node);
        return () -> change(node, before);
    }
}
