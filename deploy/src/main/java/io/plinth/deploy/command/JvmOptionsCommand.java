package io.plinth.deploy.command;

import io.plinth.deploy.Daemons;
import io.plinth.deploy.DeployException;
import io.plinth.deploy.process.Installation;
import io.plinth.kit.config.NodeConfig;
import io.plinth.kit.config.StackFile;
import io.plinth.kit.lifecycle.DaemonType;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code plinth jvm-options NODE}: what the script calls before {@code plinth run NODE}. */
@Command(
        name = "jvm-options",
        description = "Prints the options of a node's JVM, one a line.",
        hidden = true,
        mixinStandardHelpOptions = true)
public final class JvmOptionsCommand implements Callable<Integer> {
    @Parameters(paramLabel = "NODE", description = "The node.")
    private String node = "";

    @Mixin
    private StackOptions options = new StackOptions();

    @Spec
    private @Nullable CommandSpec spec;

    @Override
    public Integer call() throws Exception {
        StackFile file = options.read(null);
        NodeConfig config = RunCommand.node(file, node);
        DaemonType type = Daemons.named(config.kind())
                .orElseThrow(() -> new DeployException("no daemon " + config.kind() + "; `plinth check` the file"));
        Installation.ofThisJvm().jvmOptions(type.jvm(file, config)).forEach(Output.of(spec)::println);
        return 0;
    }
}
