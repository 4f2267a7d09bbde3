package io.plinth.deploy.start;

import io.plinth.deploy.DeployException;
import io.plinth.deploy.plan.Claim;
import io.plinth.deploy.plan.Unit;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * Starts units side by side, each as soon as what it needs is ready. A thread per unit; what they share is concurrent or
 * guarded by {@code starting}.
 */
public final class StackStarter {
    private static final long POLL_MILLIS = 40;
    private static final Duration SETTLE = Duration.ofSeconds(5);

    private final UnitStarter starter;
    private final LongSupplier nanoTime;
    private final Consumer<String> progress;
    private final Map<String, Process> processes = new ConcurrentHashMap<>();
    private final ReentrantLock starting = new ReentrantLock();
    private volatile boolean stopping;

    public StackStarter(UnitStarter starter, LongSupplier nanoTime, Consumer<String> progress) {
        this.starter = starter;
        this.nanoTime = nanoTime;
        this.progress = progress;
    }

    /** Returns when all are ready. On failure what was started still runs: the caller stops it by its records. */
    public void start(List<Unit> units) throws DeployException {
        Map<String, CompletableFuture<Void>> prepared = new ConcurrentHashMap<>();
        Map<String, CompletableFuture<Void>> ready = new ConcurrentHashMap<>();
        units.forEach(unit -> ready.put(unit.name(), new CompletableFuture<>()));
        List<CompletableFuture<Void>> all = new ArrayList<>();
        try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
            for (Unit unit : units) {
                if (unit instanceof Unit.Postgres primary && primary.primary() == null) {
                    prepared.put(
                            primary.name(),
                            CompletableFuture.runAsync(() -> attempt(() -> starter.prepare(primary, units)), threads));
                }
            }
            for (Unit unit : units) {
                CompletableFuture<?>[] needs = needs(unit, ready, prepared);
                all.add(CompletableFuture.allOf(needs)
                        .thenRunAsync(() -> attempt(() -> startOne(unit)), threads)
                        .whenComplete((done, failure) -> finish(unit, ready, failure)));
            }
            CompletableFuture.allOf(all.toArray(CompletableFuture[]::new))
                    .exceptionally(failure -> null)
                    .join();
        }
        DeployException failure = firstFailure(all);
        if (failure != null) {
            throw failure;
        }
    }

    /**
     * Waits until the load balancers have seen what was started behind them; gives up without complaint, as a pool may
     * be empty for other reasons.
     */
    public void settle(List<Claim> listeners) throws InterruptedException {
        long begun = nanoTime.getAsLong();
        for (Claim listener : listeners) {
            while (!stopping
                    && Probe.isWithoutServers("http://" + listener.at() + "/")
                    && nanoTime.getAsLong() - begun < SETTLE.toNanos()) {
                Thread.sleep(POLL_MILLIS);
            }
        }
    }

    /** From now on nothing is started; returns when nothing is in the middle of it. */
    public void stopStarting() {
        stopping = true;
        starting.lock();
        try {
            // Nothing to do here: who held it has written its record, and who comes next sees the flag.
        } finally {
            starting.unlock();
        }
    }

    /** How a process that was started here has ended; empty when that is not known. */
    public String ending(String name) {
        Process process = processes.get(name);
        return process == null || process.isAlive() ? "" : UnitStarter.exit(process.exitValue());
    }

    private static CompletableFuture<?>[] needs(
            Unit unit, Map<String, CompletableFuture<Void>> ready, Map<String, CompletableFuture<Void>> prepared) {
        List<CompletableFuture<?>> needs = new ArrayList<>();
        for (String name : unit.after()) {
            CompletableFuture<Void> other = ready.get(name);
            if (other != null) {
                needs.add(other);
            }
        }
        if (unit instanceof Unit.Postgres server) {
            Unit.Postgres primary = server.primary();
            CompletableFuture<Void> own = prepared.get(primary == null ? server.name() : primary.name());
            if (own != null) {
                needs.add(own);
            }
        }
        return needs.toArray(CompletableFuture[]::new);
    }

    private void finish(Unit unit, Map<String, CompletableFuture<Void>> ready, @Nullable Throwable failure) {
        CompletableFuture<Void> own = ready.get(unit.name());
        if (own == null) {
            return;
        }
        if (failure == null) {
            own.complete(null);
        } else {
            stopping = true;
            own.completeExceptionally(failure);
        }
    }

    private void startOne(Unit unit) throws DeployException, IOException, InterruptedException {
        long begun = nanoTime.getAsLong();
        UnitStarter.Launched launched;
        starting.lock();
        try {
            if (stopping) {
                throw new DeployException(unit.name() + " was not started: stopping");
            }
            launched = starter.start(unit);
        } finally {
            starting.unlock();
        }
        processes.put(unit.name(), launched.process());
        awaitReady(launched, begun);
        double seconds = (nanoTime.getAsLong() - begun) / 1e9;
        progress.accept(String.format(Locale.ROOT, "  %-18s ready after %.1f s", unit.name(), seconds));
    }

    private void awaitReady(UnitStarter.Launched launched, long begun) throws DeployException, InterruptedException {
        Unit unit = launched.unit();
        Duration patience = unit.untilReady();
        while (true) {
            if (!launched.process().isAlive()) {
                throw new DeployException(
                        UnitStarter.died(unit.name(), launched.process(), launched.log(), launched.logStart()));
            }
            String complaint = Probe.complaint(unit.probe());
            if (complaint.isEmpty()) {
                return;
            }
            if (stopping) {
                throw new DeployException(unit.name() + " was not ready yet: stopping");
            }
            if (nanoTime.getAsLong() - begun > patience.toNanos()) {
                String last = LogTail.lastLine(launched.log(), launched.logStart());
                throw new DeployException(unit.name() + " is not ready after " + patience.toSeconds() + " s: "
                        + complaint + (last.isEmpty() ? "" : "; it said last: " + last) + " (log: " + launched.log()
                        + ")");
            }
            Thread.sleep(POLL_MILLIS);
        }
    }

    /** The first that failed by itself, rather than because another had. */
    private static @Nullable DeployException firstFailure(List<CompletableFuture<Void>> all) {
        DeployException first = null;
        for (CompletableFuture<Void> one : all) {
            if (one.isCompletedExceptionally()) {
                DeployException failure = asDeployException(one.exceptionNow());
                if (first == null || String.valueOf(first.getMessage()).endsWith("stopping")) {
                    first = failure;
                }
            }
        }
        return first;
    }

    private static DeployException asDeployException(Throwable failure) {
        Throwable cause = failure;
        while (cause instanceof CompletionException && cause.getCause() != null) {
            cause = cause.getCause();
        }
        if (cause instanceof DeployException own) {
            return own;
        }
        String message = cause instanceof IOException ? cause.getMessage() : null;
        return new DeployException(message == null ? cause.toString() : message);
    }

    private static void attempt(Action action) {
        try {
            action.run();
        } catch (DeployException | IOException e) {
            throw new CompletionException(e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new CompletionException(e);
        }
    }

    /** What may fail with one line for the user. */
    @FunctionalInterface
    private interface Action {
        void run() throws DeployException, IOException, InterruptedException;
    }
}
