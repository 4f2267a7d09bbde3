package io.plinth.dbproxy.trace;

import io.plinth.kit.tracing.TraceParent;

/**
 * One statement, as a tracing backend sees it.
 *
 * @param ids its trace and itself; the span id is its own
 * @param parent the caller's span; 0 for none
 * @param sql its text, with values; empty where it is too long to be kept
 * @param failed whether it ended with an error
 * @param startNanos since 1970
 */
record StatementSpan(
        TraceParent ids,
        long parent,
        String database,
        String user,
        String server,
        String shard,
        byte[] sql,
        boolean failed,
        long startNanos,
        long endNanos) {}
