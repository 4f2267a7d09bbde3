package io.plinth.deploy.command;

import io.plinth.deploy.DeployException;
import io.plinth.deploy.process.Procfs;
import io.plinth.deploy.process.RunFolder;
import io.plinth.deploy.process.RunRecord;
import io.plinth.deploy.process.Signals;
import io.plinth.deploy.process.Stopper;
import java.io.PrintWriter;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

/** {@code plinth down}. */
@Command(
        name = "down",
        header = "Drains and stops everything that was started.",
        description = "The last started stops first. Works for a stack in the foreground and a detached one.",
        mixinStandardHelpOptions = true)
public final class DownCommand implements Callable<Integer> {
    private static final Duration FOREGROUND_PATIENCE = Duration.ofMinutes(2);
    private static final long POLL_MILLIS = 50;

    @Mixin
    private StackOptions options = new StackOptions();

    @Spec
    private @Nullable CommandSpec spec;

    @Override
    public Integer call() throws Exception {
        PrintWriter out = Output.of(spec);
        RunFolder folder = new RunFolder(options.state());
        Procfs procfs = Procfs.ofThisMachine();
        endForeground(folder, procfs, out);
        try (RunFolder.Held _ = folder.hold().orElseThrow(DownCommand::busy)) {
            List<RunRecord> records = folder.records();
            long running = records.stream()
                    .filter(record -> record.ownsProcess() && procfs.alive(record.process()))
                    .count();
            Stopper stopper =
                    new Stopper(folder, procfs, new Signals(), System::nanoTime, line -> out.println("  " + line));
            for (String name : stopper.stop(records)) {
                out.println("  " + name + " did not stop in time and was killed");
            }
            out.println(records.isEmpty() ? "nothing runs" : "stopped (" + running + " processes)");
        }
        return 0;
    }

    /** A command in the foreground stops what it started itself when it is asked to end. */
    private static void endForeground(RunFolder folder, Procfs procfs, PrintWriter out) throws Exception {
        Optional<RunRecord> up = folder.record(Records.UP).filter(record -> procfs.alive(record.process()));
        if (up.isEmpty()) {
            return;
        }
        out.println("asking the `plinth up` in the foreground (process "
                + up.get().process().pid() + ") to stop");
        new Signals().send(up.get().process().pid(), "TERM");
        long deadline = System.nanoTime() + FOREGROUND_PATIENCE.toNanos();
        while (procfs.alive(up.get().process())) {
            if (System.nanoTime() > deadline) {
                throw new DeployException("the `plinth up` in the foreground does not end; kill -9 "
                        + up.get().process().pid() + ", then `plinth down` again");
            }
            Thread.sleep(POLL_MILLIS);
        }
    }

    static DeployException busy() {
        return new DeployException("another plinth command is starting or stopping this stack; try again");
    }
}
