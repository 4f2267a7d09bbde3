package io.plinth.deploy.start;

import io.plinth.deploy.DeployException;
import io.plinth.deploy.plan.Unit;
import io.plinth.deploy.process.Procfs;
import io.plinth.deploy.process.RunFolder;
import io.plinth.deploy.process.RunRecord;
import io.plinth.deploy.process.Signals;
import java.io.IOException;
import java.time.Duration;
import java.util.function.LongSupplier;

/**
 * Puts a new process in the place of the one that runs a daemon. The old one hands its listening sockets over, so that nobody
 * is refused, and ends when it has finished what it had. Where the new one does not come up, the old one serves on.
 */
public final class Takeover {
    private static final long POLL_MILLIS = 20;
    /** The old process drains, and closes within these after its patience. */
    private static final Duration CLOSING = Duration.ofSeconds(15);

    private final UnitStarter starter;
    private final RunFolder folder;
    private final Procfs procfs;
    private final Signals signals;
    private final LongSupplier nanoTime;

    public Takeover(UnitStarter starter, RunFolder folder, Procfs procfs, Signals signals, LongSupplier nanoTime) {
        this.starter = starter;
        this.folder = folder;
        this.procfs = procfs;
        this.signals = signals;
        this.nanoTime = nanoTime;
    }

    /** Returns the new process's record once it serves; the old one may still be finishing. */
    public RunRecord replace(Unit.Daemon unit, RunRecord old)
            throws DeployException, IOException, InterruptedException {
        UnitStarter.Launched launched = starter.takeOver(unit);
        long begun = nanoTime.getAsLong();
        // A daemon that owns its data waits until the old process has let go of it.
        long patience = unit.untilReady().plus(old.patience()).plus(CLOSING).toNanos();
        while (!Probe.isReady(unit.probe(), launched.process().pid())) {
            boolean ended = !launched.process().isAlive();
            if (ended || nanoTime.getAsLong() - begun > patience) {
                throw gaveUp(launched, old);
            }
            Thread.sleep(POLL_MILLIS);
        }
        return launched.record();
    }

    private DeployException gaveUp(UnitStarter.Launched launched, RunRecord old)
            throws IOException, InterruptedException {
        String name = launched.unit().name();
        String why = launched.process().isAlive()
                ? name + " is not ready: " + LogTail.lastLine(launched.log(), launched.logStart())
                : UnitStarter.died(name, launched.process(), launched.log(), launched.logStart());
        if (launched.process().isAlive()) {
            signals.send(launched.process().pid(), "KILL");
            launched.process().waitFor();
        }
        boolean serves = procfs.alive(old.process());
        if (serves) {
            folder.write(old);
        }
        return new DeployException("the new process of " + why
                + (serves
                        ? "; process " + old.process().pid() + " serves on"
                        : "; the old process has ended: `plinth start " + name + "`"));
    }

    /** Waits until the old process has finished what it had; false when it is still at it. */
    public boolean awaitEnd(RunRecord old) throws InterruptedException {
        long deadline = nanoTime.getAsLong() + old.patience().plus(CLOSING).toNanos();
        while (procfs.alive(old.process())) {
            if (nanoTime.getAsLong() > deadline) {
                return false;
            }
            Thread.sleep(POLL_MILLIS);
        }
        return true;
    }
}
