package io.plinth.kit.lifecycle;

import io.plinth.kit.admin.AdminHooks;
import io.plinth.kit.admin.AdminRoutes.Response;
import io.plinth.kit.config.ConfigException;
import io.plinth.kit.config.NodeConfig;
import io.plinth.kit.config.StackFile;
import io.plinth.kit.lifecycle.LifeCycle.State;
import io.plinth.kit.net.NodeThreads;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** A started node. Start, reload, drain and close run one after the other on the node's runner thread. */
public final class RunningNode implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(RunningNode.class);

    private final String name;
    private final NodeConfig config;
    private final NodeOptions options;
    private final LifeCycle life;
    private final ExecutorService runner;
    private final CompletableFuture<Void> stopping = new CompletableFuture<>();
    private final CompletableFuture<Void> impatient = new CompletableFuture<>();
    private final CompletableFuture<Void> stopped = new CompletableFuture<>();
    private volatile StackFile file;
    private @Nullable NodeParts parts;

    RunningNode(String name, NodeConfig config, StackFile file, NodeOptions options) {
        this.name = name;
        this.config = config;
        this.file = file;
        this.options = options;
        this.life = new LifeCycle(name);
        this.runner = Executors.newSingleThreadExecutor(new NodeThreads(name, "runner"));
    }

    /** Opens everything, or closes what it opened and throws. */
    void start(DaemonType type) throws StartException {
        try {
            on(() -> open(type)).join();
        } catch (CompletionException e) {
            stopped.complete(null);
            runner.shutdown();
            if (e.getCause() instanceof StartException start) {
                throw start;
            }
            throw new StartException(FailureLine.of(name, e.getCause()), e.getCause());
        }
    }

    private void open(DaemonType type) throws Exception {
        life.transition(State.STARTING, "start");
        long begun = System.nanoTime();
        NodeParts opening = new NodeParts(name, config, file, options);
        try {
            opening.open(type, hooks(), () -> handedOver(type.sharesData()));
        } catch (Exception | Error e) {
            life.transition(State.STOPPING, "start failed");
            opening.close();
            life.transition(State.STOPPED, "start failed");
            throw e;
        }
        parts = opening;
        life.transition(State.RUNNING, "started");
        String summary = opening.summary();
        LOG.info("{} is ready: {} in {} ms", name, summary, TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - begun));
        opening.notifier().ready(summary);
    }

    private NodeParts parts() {
        NodeParts current = parts;
        if (current == null) {
            throw new IllegalStateException("node " + name + " - state=" + life.state());
        }
        return current;
    }

    /** The node's name in the file. */
    public String name() {
        return name;
    }

    /** Where it is in its life. */
    public State state() {
        return life.state();
    }

    /** Bound addresses of the daemon by listener name. */
    public Map<String, InetSocketAddress> listening() {
        return parts().daemon().listening();
    }

    /** The daemon itself, for tests that look inside. */
    public Daemon daemon() {
        return parts().daemon();
    }

    /** Where its admin server listens. */
    public InetSocketAddress admin() {
        return parts().admin();
    }

    /** Reads the file again and hands it to the daemon; fails with every problem, and then nothing changed. */
    public CompletableFuture<Void> reload() {
        return on(this::readAgain);
    }

    /** Swaps to a file that was read already. */
    public CompletableFuture<Void> reload(StackFile next) {
        return on(() -> swap(next));
    }

    private void readAgain() throws ConfigException {
        StackFileLoader loader = options.loader();
        if (loader == null) {
            throw new IllegalStateException("node " + name + " was not started from a file that can be read again");
        }
        swap(loader.load(file.path()));
    }

    private void swap(StackFile next) throws ConfigException {
        life.transition(State.RELOADING, "reload");
        try {
            parts().notifier().reloading(System.nanoTime());
            NodeConfig changed = next.stack().nodes().get(name);
            if (changed == null) {
                LOG.warn("{} is no longer in the file; it runs on until it is stopped", name);
            } else if (!changed.equals(config)) {
                LOG.warn("{}: what changed under nodes.{} takes effect with its next start", name, name);
            }
            parts().daemon().reload(next);
            file = next;
            LOG.info("{} reloaded {}", name, next.path());
        } finally {
            life.transition(State.RUNNING, "reload done");
            parts().notifier().ready("serving");
        }
    }

    /** Stops accepting, waits for what is in flight, closes. The first call's patience counts. */
    public CompletableFuture<Void> drainAndStop(Duration patience) {
        return stop(() -> {
            if (!life.allows(State.DRAINING)) {
                return;
            }
            life.transition(State.DRAINING, "drain");
            LOG.info("{} drains, at most {} s", name, patience.toSeconds());
            parts().notifier().stopping();
            try {
                CompletableFuture<Void> drained = parts().daemon().drain().toCompletableFuture();
                CompletableFuture.anyOf(drained, impatient).get(patience.toMillis(), TimeUnit.MILLISECONDS);
            } catch (TimeoutException e) {
                LOG.warn("{}: not everything ended within {} s, closing", name, patience.toSeconds());
            } catch (ExecutionException | RuntimeException e) {
                LOG.warn("{}: drain failed, closing", name, e);
            }
        });
    }

    private CompletableFuture<Void> handedOver(boolean sharesData) {
        CompletableFuture<Void> released = on(() -> {
            LOG.info("{} was taken over from", name);
            parts().handedOver(sharesData);
        });
        drainAndStop(options.drain());
        return released;
    }

    /** Ends a drain at once. */
    public void hurry() {
        impatient.complete(null);
    }

    /** Completes once everything is closed. */
    public CompletableFuture<Void> stopped() {
        return stopped.copy();
    }

    /** Stops at once. Idempotent. */
    @Override
    public void close() {
        hurry();
        stop(() -> {}).join();
    }

    private CompletableFuture<Void> stop(Work before) {
        if (stopping.complete(null)) {
            on(() -> {
                before.run();
                shut();
            });
            runner.shutdown();
        }
        return stopped.copy();
    }

    private void shut() {
        try {
            if (life.allows(State.STOPPING)) {
                life.transition(State.STOPPING, "close");
                parts().close();
                life.transition(State.STOPPED, "closed");
                LOG.info("{} has stopped", name);
            }
        } finally {
            stopped.complete(null);
        }
    }

    private AdminHooks hooks() {
        return new AdminHooks() {
            @Override
            public List<String> notReady() {
                State now = life.state();
                return now == State.RUNNING || now == State.RELOADING ? List.of() : List.of(now.name());
            }

            @Override
            public String config() {
                return file.masked();
            }

            @Override
            public CompletionStage<Response> reload() {
                return RunningNode.this
                        .reload()
                        .handle((done, failure) -> failure == null
                                ? Response.text(200, "reloaded\n")
                                : Response.text(
                                        422,
                                        "kept the running configuration:\n" + FailureLine.of(name, failure) + "\n"));
            }

            @Override
            public CompletionStage<Response> drain() {
                drainAndStop(options.drain());
                return CompletableFuture.completedFuture(Response.text(
                        202, "draining; stops within " + options.drain().toSeconds() + " s\n"));
            }
        };
    }

    /** Runs on the runner thread; what it throws fails the future. */
    private CompletableFuture<Void> on(Work work) {
        Supplier<@Nullable Void> task = () -> {
            try {
                work.run();
                return null;
            } catch (Exception e) {
                throw new CompletionException(e);
            }
        };
        try {
            return CompletableFuture.supplyAsync(task, runner);
        } catch (RejectedExecutionException e) {
            return CompletableFuture.failedFuture(
                    new IllegalStateException("node " + name + " - state=" + life.state(), e));
        }
    }

    private interface Work {
        void run() throws Exception;
    }
}
