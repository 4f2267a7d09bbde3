package io.plinth.kvcache.admin;

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
        String file) {}
