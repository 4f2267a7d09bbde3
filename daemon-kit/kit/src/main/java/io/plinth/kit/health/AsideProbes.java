package io.plinth.kit.health;

import io.netty.channel.EventLoop;
import java.net.InetSocketAddress;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;

/**
 * Probes that would block a loop, programs and files, on a few threads of their own: no more of them run at once. What
 * waits is bounded by the watches, of which each has one probe at a time. May be called from any thread.
 */
final class AsideProbes implements Prober, AutoCloseable {
    private static final long IDLE_SECONDS = 60;

    private final ThreadPoolExecutor threads;
    private final StateFiles files = new StateFiles();

    /** At most {@code atOnce} at the same time. */
    AsideProbes(int atOnce) {
        this.threads = new ThreadPoolExecutor(
                atOnce, atOnce, IDLE_SECONDS, TimeUnit.SECONDS, new LinkedBlockingQueue<>(), named());
        threads.allowCoreThreadTimeOut(true);
    }

    private static ThreadFactory named() {
        AtomicInteger next = new AtomicInteger();
        return work -> {
            Thread thread = new Thread(work, "health-" + next.getAndIncrement());
            thread.setDaemon(true);
            return thread;
        };
    }

    @Override
    public Runnable probe(
            EventLoop loop,
            String name,
            InetSocketAddress target,
            HealthCheckConfig check,
            Consumer<ProbeResult> done) {
        CommandProbe command = new CommandProbe(target, check);
        String file = check.file();
        try {
            threads.execute(() -> {
                ProbeResult result = file == null ? command.run() : files.find(file, name, target);
                try {
                    loop.execute(() -> done.accept(result));
                } catch (RejectedExecutionException e) {
                    // The node is stopping: nobody waits for the result.
                    return;
                }
            });
        } catch (RejectedExecutionException e) {
            return () -> {};
        }
        return command::stop;
    }

    @Override
    public void close() {
        threads.shutdownNow();
    }
}
