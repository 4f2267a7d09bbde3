package io.plinth.deploy.command;

import io.plinth.deploy.DeployException;
import io.plinth.deploy.plan.Plan;
import io.plinth.deploy.plan.Unit;
import io.plinth.deploy.process.RunRecord;
import io.plinth.kit.config.StackFile;
import java.io.IOException;
import java.io.PrintWriter;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code plinth restart NODE}. */
@Command(
        name = "restart",
        header = "Replaces a node's process, refusing nobody meanwhile.",
        description = "A daemon's new process takes the listening sockets over and the old one finishes what it has."
                + " An app's instance or a PostgreSQL server is stopped, then started.",
        mixinStandardHelpOptions = true)
public final class RestartCommand implements Callable<Integer> {
    @Parameters(paramLabel = "NODE", description = "A node, an app's instance or a PostgreSQL server that runs.")
    private String node = "";

    @Mixin
    private StackOptions options = new StackOptions();

    @Spec
    private @Nullable CommandSpec spec;

    @Override
    public Integer call() throws Exception {
        StackFile read = options.read(null);
        PrintWriter out = Output.of(spec);
        Bringing bringing = new Bringing(read, options.settings(), out);
        try (var _ = bringing.folder().hold().orElseThrow(DownCommand::busy)) {
            RunRecord old = Records.find(bringing.folder(), node);
            if (!old.ownsProcess()) {
                throw new DeployException(node + " runs in the process of all daemons (up --in-process): restart "
                        + old.host() + ", or start the stack without --in-process");
            }
            if (!bringing.procfs().alive(old.process())) {
                throw new DeployException(node + " does not run; `plinth start " + node + "` starts it");
            }
            Unit unit = unit(read, old.name().equals(Unit.Host.NAME));
            if (unit instanceof Unit.Daemon daemon) {
                takeOver(bringing, daemon, old, out);
            } else {
                stopAndStart(bringing, unit, old);
            }
        }
        return 0;
    }

    private static void takeOver(Bringing bringing, Unit.Daemon daemon, RunRecord old, PrintWriter out)
            throws DeployException, IOException, InterruptedException {
        RunRecord next = bringing.takeover().replace(daemon, old);
        out.println(
                "  " + daemon.name() + " is served by process " + next.process().pid());
        out.flush();
        boolean ended = bringing.takeover().awaitEnd(old);
        out.println("  process " + old.process().pid()
                + (ended ? " has finished and ended" : " does not end; `kill` it when nothing needs it"));
    }

    private static void stopAndStart(Bringing bringing, Unit unit, RunRecord old) throws DeployException, IOException {
        bringing.stopper().stop(List.of(old));
        bringing.starter().start(List.of(unit));
    }

    private Unit unit(StackFile read, boolean hosted) throws DeployException {
        Plan plan = Plan.of(read, hosted);
        Optional<Unit> own = plan.named(node);
        return own.orElseThrow(() -> new DeployException(node + " is no longer in the file (expected: one of "
                + plan.units().stream().map(Unit::name).collect(Collectors.joining(", ")) + ")"));
    }
}
