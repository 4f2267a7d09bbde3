package io.plinth.kit.net;

import io.netty.util.concurrent.FastThreadLocalThread;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.atomic.AtomicInteger;
import org.slf4j.MDC;

/** Names a node's threads {@code node-role-0}, {@code node-role-1}, … and puts the node's name on their log lines. */
public final class NodeThreads implements ThreadFactory {
    private final String node;
    private final String role;
    private final AtomicInteger next = new AtomicInteger();

    public NodeThreads(String node, String role) {
        this.node = node;
        this.role = role;
    }

    @Override
    public Thread newThread(Runnable work) {
        Runnable named = () -> {
            MDC.put("node", node);
            work.run();
        };
        Thread thread = new FastThreadLocalThread(named, node + "-" + role + "-" + next.getAndIncrement());
        // A failed start must not leave a process behind: only the main thread keeps it alive.
        thread.setDaemon(true);
        return thread;
    }
}
