package io.plinth.kvcache.admin;

import io.plinth.kit.lifecycle.NodeContext;

/**
 * What does not change while a node runs.
 *
 * @param name in the file
 * @param version of this software
 * @param runId 40 hexadecimal digits, new at every start
 * @param port the client port
 * @param transport of the event loops
 * @param loops how many there are
 * @param startMillis when it started
 * @param file the path of the stack's file
 */
public record NodeFacts(
        String name,
        String version,
        String runId,
        int port,
        String transport,
        int loops,
        long startMillis,
        String file) {

    /** Of a node that serves Redis's clients at this port; {@code id}: 40 hexadecimal digits. */
    public static NodeFacts of(NodeContext context, String id, int port) {
        String version = NodeFacts.class.getPackage().getImplementationVersion();
        return new NodeFacts(
                context.name(),
                version == null ? "0.1.0" : version,
                id,
                port,
                context.loops().transport(),
                context.loops().all().size(),
                context.clock().millis(),
                context.file().path().toString());
    }
}
