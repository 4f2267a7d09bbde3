package io.plinth.deploy.start;

import io.plinth.deploy.process.Procfs;
import io.plinth.deploy.process.RunFolder;
import io.plinth.deploy.process.RunRecord;
import io.plinth.deploy.process.Stopper;
import java.io.IOException;
import java.util.List;
import java.util.function.Consumer;

/**
 * What one `up` has started, and the promise that it is stopped unless it is left to itself. Guarded by itself: the
 * command's thread and the JVM's shutdown thread both end it.
 */
public final class Session {
    private final RunFolder folder;
    private final StackStarter starter;
    private final Stopper stopper;
    private final Procfs procfs;
    private final Consumer<String> say;
    private boolean over;

    public Session(RunFolder folder, StackStarter starter, Stopper stopper, Procfs procfs, Consumer<String> say) {
        this.folder = folder;
        this.starter = starter;
        this.stopper = stopper;
        this.procfs = procfs;
        this.say = say;
    }

    /** What was started goes on when the command ends. */
    public synchronized void leaveRunning() {
        over = true;
    }

    /** Whether it was stopped or left to itself. */
    public synchronized boolean isOver() {
        return over;
    }

    /** Stops everything that was started in this state folder, the last first; once. */
    public synchronized void stop() throws IOException {
        if (over) {
            return;
        }
        over = true;
        starter.stopStarting();
        List<RunRecord> records = folder.records().stream()
                .filter(record ->
                        record.process().pid() != ProcessHandle.current().pid())
                .toList();
        long running = records.stream()
                .filter(record -> record.ownsProcess() && procfs.alive(record.process()))
                .count();
        if (running > 0) {
            say.accept("stopping " + running + " processes");
        }
        for (String name : stopper.stop(records)) {
            say.accept(name + " did not stop in time and was killed");
        }
        if (running > 0) {
            say.accept("stopped");
        }
    }
}
