package io.plinth.deploy.command;

import io.plinth.deploy.DeployException;
import io.plinth.deploy.plan.Claim;
import io.plinth.deploy.plan.Plan;
import io.plinth.deploy.plan.Unit;
import io.plinth.deploy.prepare.Preparation;
import io.plinth.deploy.prepare.Wanted;
import io.plinth.deploy.process.ProcessId;
import io.plinth.deploy.process.RunFolder;
import io.plinth.deploy.process.RunRecord;
import io.plinth.deploy.start.Watch;
import io.plinth.kit.config.StackFile;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code plinth up}. */
@Command(
        name = "up",
        header = "Starts everything and stays until Ctrl-C stops it.",
        description = "Starts everything a file names, waits until it is ready and shows where it listens. Stays in the"
                + " foreground; Ctrl-C drains and stops all of it.",
        mixinStandardHelpOptions = true,
        exitCodeListHeading = "%nExit codes:%n",
        exitCodeList = {"1:it could not be started; nothing of it is left running", "2:the file has mistakes"})
public final class UpCommand implements Callable<Integer> {
    private static final long LOOK_MILLIS = 250;

    @Parameters(arity = "0..1", paramLabel = "FILE", description = "The file (default: deploy/plinth.yaml).")
    private @Nullable Path file;

    @Option(names = "--in-process", description = "Runs all daemons in one process; PostgreSQL and apps keep theirs.")
    private boolean inProcess;

    @Option(names = "--detach", description = "Returns once everything is ready; `plinth down` stops it.")
    private boolean detach;

    @Mixin
    private StackOptions options = new StackOptions();

    @Spec
    private @Nullable CommandSpec spec;

    @Override
    public Integer call() throws Exception {
        long begun = System.nanoTime();
        PrintWriter out = Output.of(spec);
        StackFile read = options.read(file);
        Plan plan = Plan.of(read, inProcess);
        Bringing bringing = new Bringing(read, options.settings(), out);
        try (RunFolder.Held _ = bringing.folder().hold().orElseThrow(DownCommand::busy)) {
            refuseSecond(bringing);
            if (!bringing.portsAreFree(plan.claims(), Output.errors(spec))) {
                return 1;
            }
            out.println("stack " + read.stack().stack() + " from " + StackOptions.shown(read.path()) + ", state in "
                    + StackOptions.shown(read.state()));
            Thread ending = new Thread(() -> end(bringing), "end");
            Runtime.getRuntime().addShutdownHook(ending);
            if (!detach) {
                bringing.folder().write(ownRecord(bringing));
            }
            start(bringing, plan, read);
            table(plan, out);
            out.println(String.format(Locale.ROOT, "ready in %.1f s", (System.nanoTime() - begun) / 1e9));
            if (detach) {
                bringing.session().leaveRunning();
                out.println("`deploy/plinth status` shows it, `deploy/plinth down` stops it");
                return 0;
            }
        }
        out.println("Ctrl-C drains and stops it; `deploy/plinth logs NODE` shows what a node says");
        watch(bringing);
        return 0;
    }

    private static void refuseSecond(Bringing bringing) throws IOException, DeployException {
        List<RunRecord> living = bringing.folder().records().stream()
                .filter(record -> bringing.procfs().alive(record.process()))
                .toList();
        if (!living.isEmpty()) {
            throw new DeployException("this stack runs already (" + living.size() + " nodes, first "
                    + living.getFirst().name() + " as process "
                    + living.getFirst().process().pid()
                    + "); `plinth status` shows it, `plinth down` stops it");
        }
        for (RunRecord dead : bringing.folder().records()) {
            bringing.folder().remove(dead.name());
        }
    }

    private static RunRecord ownRecord(Bringing bringing) throws DeployException {
        Optional<ProcessId> own =
                bringing.procfs().identify(ProcessHandle.current().pid());
        return new RunRecord(
                Records.UP,
                Records.UP,
                own.orElseThrow(() -> new DeployException("/proc: no entry of this process (expected: Linux)")),
                Records.UP,
                Integer.MAX_VALUE,
                "TERM",
                Duration.ofSeconds(60),
                "",
                Map.of());
    }

    private void start(Bringing bringing, Plan plan, StackFile read)
            throws DeployException, IOException, InterruptedException {
        Preparation preparation = new Preparation(Wanted.of(read), bringing.installation(), bringing::say);
        try {
            preparation.begin();
            bringing.starter().start(plan.units());
            bringing.starter().settle(plan.edge());
            preparation.finish(detach);
        } catch (DeployException | IOException | InterruptedException | RuntimeException e) {
            bringing.session().stop();
            bringing.folder().remove(Records.UP);
            throw e;
        }
    }

    /** The JVM ends: by Ctrl-C, by `plinth down`, or because something failed. */
    private static void end(Bringing bringing) {
        try {
            bringing.session().stop();
            bringing.folder().remove(Records.UP);
        } catch (IOException e) {
            bringing.say("plinth: " + e.getMessage());
        }
    }

    private static void watch(Bringing bringing) throws IOException, InterruptedException {
        Watch watch = new Watch(
                bringing.folder(), bringing.procfs(), name -> bringing.starter().ending(name), bringing::say);
        while (!bringing.session().isOver()) {
            watch.look();
            Thread.sleep(LOOK_MILLIS);
        }
    }

    private static void table(Plan plan, PrintWriter out) {
        Table table = new Table("NODE", "KIND", "LISTENS", "ADMIN");
        for (Unit unit : plan.units()) {
            List<Unit> shown = unit instanceof Unit.Host host ? List.copyOf(host.daemons()) : List.of(unit);
            for (Unit one : shown) {
                String listens = one.claims().stream()
                        .filter(claim -> !claim.listener().equals(Claim.ADMIN))
                        .map(claim -> claim.listener() + " " + claim.at())
                        .collect(Collectors.joining(", "));
                String admin = one.claims().stream()
                        .filter(claim -> claim.listener().equals(Claim.ADMIN))
                        .map(claim -> "http://" + claim.at())
                        .collect(Collectors.joining());
                table.row(one.name(), one.kind(), listens.isEmpty() ? "-" : listens, admin.isEmpty() ? "-" : admin);
            }
        }
        out.println();
        table.print(out);
        out.println();
    }
}
