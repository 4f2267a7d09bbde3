package io.plinth.deploy.command;

import io.plinth.deploy.DeployException;
import io.plinth.deploy.process.Procfs;
import io.plinth.deploy.process.RunFolder;
import io.plinth.deploy.process.RunRecord;
import io.plinth.deploy.process.Signals;
import java.util.Locale;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code plinth kill NODE}. */
@Command(
        name = "kill",
        header = "Sends a signal to a node's process.",
        description = "What was killed stays dead until `plinth start NODE`.",
        mixinStandardHelpOptions = true)
public final class KillCommand implements Callable<Integer> {
    @Parameters(paramLabel = "NODE", description = "The node, as `plinth status` names it.")
    private String node = "";

    @Option(
            names = {"-s", "--signal"},
            paramLabel = "S",
            description = "KILL (default), TERM, STOP, CONT, or another name or number.")
    private String signal = "KILL";

    @Mixin
    private StackOptions options = new StackOptions();

    @Spec
    private @Nullable CommandSpec spec;

    @Override
    public Integer call() throws Exception {
        RunFolder folder = new RunFolder(options.state());
        RunRecord record = Records.find(folder, node);
        if (!record.ownsProcess()) {
            throw new DeployException(node + " runs in the process of all daemons (up --in-process): kill "
                    + record.host() + ", or start the stack without --in-process");
        }
        if (!Procfs.ofThisMachine().alive(record.process())) {
            throw new DeployException(node + " does not run; `plinth start " + node + "` starts it");
        }
        String name = signal.toUpperCase(Locale.ROOT);
        new Signals().send(record.process().pid(), name.startsWith("SIG") ? name.substring(3) : name);
        Output.of(spec)
                .println("sent " + name + " to " + node + " (process "
                        + record.process().pid() + ")");
        return 0;
    }
}
