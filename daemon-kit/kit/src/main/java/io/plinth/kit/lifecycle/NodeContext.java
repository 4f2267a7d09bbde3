package io.plinth.kit.lifecycle;

import io.plinth.kit.admin.AdminRoutes;
import io.plinth.kit.config.NodeConfig;
import io.plinth.kit.config.StackFile;
import io.plinth.kit.metrics.Metrics;
import io.plinth.kit.net.EventLoops;
import io.plinth.kit.net.Listeners;
import java.nio.file.Path;
import java.time.Clock;

/**
 * What a node is given. The runner owns all of it and closes it after the daemon.
 *
 * @param name the node's name in the file
 * @param node its entry
 * @param file the whole file
 * @param data the node's own folder below the state folder; exists
 * @param loops its event loops
 * @param listeners the only place sockets are bound
 * @param metrics its registry
 * @param admin its admin server's routes
 * @param clock wall-clock time
 * @param stop drains and stops the node, as a signal does; returns at once
 */
public record NodeContext(
        String name,
        NodeConfig node,
        StackFile file,
        Path data,
        EventLoops loops,
        Listeners listeners,
        Metrics metrics,
        AdminRoutes admin,
        Clock clock,
        Runnable stop) {

    /** The node's daemon section, bound to {@code type}. */
    public <T extends Record> T section(Class<T> type) {
        return file.section(node, type);
    }
}
