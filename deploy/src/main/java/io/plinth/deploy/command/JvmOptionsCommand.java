package io.plinth.deploy.command;

import io.plinth.deploy.plan.Sizing;
import io.plinth.deploy.process.Installation;
import io.plinth.kit.config.NodeConfig;
import io.plinth.kit.config.StackFile;
import java.util.Collection;
import java.util.List;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code plinth jvm-options NODE}: what the script calls before {@code plinth run NODE}. */
@Command(
        name = "jvm-options",
        description = "Prints the options of a node's JVM, one a line.",
        hidden = true,
        mixinStandardHelpOptions = true)
public final class JvmOptionsCommand implements Callable<Integer> {
    @Parameters(arity = "0..1", paramLabel = "NODE", description = "The node.")
    private @Nullable String node;

    @Option(names = "--all", description = "All nodes in one JVM.")
    private boolean all;

    @Option(names = "--take-over", description = "Accepted, as `run` has it.")
    void takeOver(boolean ignored) {}

    @Mixin
    private StackOptions options = new StackOptions();

    @Spec
    private @Nullable CommandSpec spec;

    @Override
    public Integer call() throws Exception {
        StackFile file = options.read(null);
        Collection<NodeConfig> nodes = all ? file.stack().nodes().values() : List.of(RunCommand.node(file, node));
        Installation.ofThisJvm().jvmOptions(Sizing.of(file, nodes)).forEach(Output.of(spec)::println);
        return 0;
    }
}
