package io.plinth.deploy.process;

import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.NavigableMap;
import java.util.TreeMap;
import java.util.function.Consumer;
import java.util.function.LongSupplier;

/** Stops recorded processes from the highest level down: asks, waits, then kills. Stateless. */
public final class Stopper {
    private static final long POLL_MILLIS = 20;
    private static final Duration AFTER_KILL = Duration.ofSeconds(5);

    private final RunFolder folder;
    private final Procfs procfs;
    private final Signals signals;
    private final LongSupplier nanoTime;
    private final Consumer<String> progress;

    public Stopper(RunFolder folder, Procfs procfs, Signals signals, LongSupplier nanoTime, Consumer<String> progress) {
        this.folder = folder;
        this.procfs = procfs;
        this.signals = signals;
        this.nanoTime = nanoTime;
        this.progress = progress;
    }

    /** Stops them all and forgets them; returns the names of those that had to be killed. */
    public List<String> stop(Collection<RunRecord> records) throws IOException {
        NavigableMap<Integer, List<RunRecord>> levels = new TreeMap<>();
        for (RunRecord record : records) {
            if (record.ownsProcess()) {
                levels.computeIfAbsent(record.level(), level -> new ArrayList<>())
                        .add(record);
            }
        }
        List<String> killed = new ArrayList<>();
        for (List<RunRecord> level : levels.descendingMap().values()) {
            killed.addAll(stopLevel(level));
        }
        for (RunRecord record : records) {
            folder.remove(record.name());
        }
        return killed;
    }

    private List<String> stopLevel(List<RunRecord> level) throws IOException {
        List<RunRecord> open = new ArrayList<>();
        for (RunRecord record : level) {
            if (procfs.alive(record.process())) {
                signals.send(record.process().pid(), record.stopSignal());
                open.add(record);
            }
        }
        long asked = nanoTime.getAsLong();
        List<String> killed = new ArrayList<>();
        while (!open.isEmpty()) {
            for (RunRecord record : List.copyOf(open)) {
                long waited = nanoTime.getAsLong() - asked;
                if (!procfs.alive(record.process())) {
                    open.remove(record);
                    progress.accept(record.name() + " stopped");
                } else if (waited > record.patience().plus(AFTER_KILL).toNanos()) {
                    throw new IOException(
                            record.name() + ": process " + record.process().pid() + " does not end, not even killed");
                } else if (waited > record.patience().toNanos() && !killed.contains(record.name())) {
                    signals.send(record.process().pid(), "KILL");
                    killed.add(record.name());
                }
            }
            pause();
        }
        return killed;
    }

    private static void pause() throws IOException {
        try {
            Thread.sleep(POLL_MILLIS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IOException("interrupted while stopping", e);
        }
    }
}
