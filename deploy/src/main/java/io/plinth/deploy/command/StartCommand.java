package io.plinth.deploy.command;

import io.plinth.deploy.DeployException;
import io.plinth.deploy.plan.Plan;
import io.plinth.deploy.plan.Unit;
import io.plinth.deploy.process.RunFolder;
import io.plinth.deploy.process.RunRecord;
import io.plinth.deploy.process.Signals;
import io.plinth.kit.config.StackFile;
import java.io.IOException;
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

/** {@code plinth start NODE}. */
@Command(name = "start", header = "Starts one node and waits until it is ready.", mixinStandardHelpOptions = true)
public final class StartCommand implements Callable<Integer> {
    @Parameters(paramLabel = "NODE", description = "A node, an app's instance or a PostgreSQL server.")
    private String node = "";

    @Mixin
    private StackOptions options = new StackOptions();

    @Spec
    private @Nullable CommandSpec spec;

    @Override
    public Integer call() throws Exception {
        StackFile read = options.read(null);
        Bringing bringing = new Bringing(read, options.settings(), Output.of(spec));
        try (RunFolder.Held _ = bringing.folder().hold().orElseThrow(DownCommand::busy)) {
            Unit unit = unit(read, bringing);
            Optional<RunRecord> record = bringing.folder().record(unit.name());
            if (record.isPresent() && bringing.procfs().alive(record.get().process())) {
                throw new DeployException(unit.name() + " runs already (process "
                        + record.get().process().pid() + ")");
            }
            if (!bringing.portsAreFree(unit.claims(), Output.errors(spec))) {
                return 1;
            }
            try {
                bringing.starter().start(List.of(unit));
            } catch (DeployException e) {
                stop(bringing, unit);
                throw e;
            }
        }
        return 0;
    }

    /** The unit as it was started before: a daemon of `up --in-process` comes back with all of them. */
    private Unit unit(StackFile read, Bringing bringing) throws IOException, DeployException {
        boolean hosted = bringing.folder().record(Unit.Host.NAME).isPresent();
        Plan plan = Plan.of(read, hosted);
        Optional<Unit> own = plan.named(node);
        if (own.isPresent()) {
            return own.get();
        }
        if (hosted && read.stack().nodes().containsKey(node)) {
            throw new DeployException(node + " runs in the process of all daemons (up --in-process); `plinth start "
                    + Unit.Host.NAME + "` starts that");
        }
        throw new DeployException("no node " + node + " (expected: one of "
                + plan.units().stream().map(Unit::name).collect(Collectors.joining(", ")) + ")");
    }

    private static void stop(Bringing bringing, Unit unit) throws IOException {
        Optional<RunRecord> record = bringing.folder().record(unit.name());
        if (record.isPresent() && bringing.procfs().alive(record.get().process())) {
            new Signals().send(record.get().process().pid(), "KILL");
        }
    }
}
