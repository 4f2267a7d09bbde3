package io.plinth.deploy.command;

import io.plinth.deploy.Daemons;
import io.plinth.kit.config.ConfigReference;
import java.io.PrintWriter;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

/** {@code plinth config-reference}. */
@Command(
        name = "config-reference",
        header = "Prints every key a file may have (Markdown).",
        mixinStandardHelpOptions = true)
public final class ConfigReferenceCommand implements Callable<Integer> {
    @Spec
    private @Nullable CommandSpec spec;

    @Override
    public Integer call() {
        PrintWriter out = Output.of(spec);
        out.print(ConfigReference.markdown(Daemons.ALL));
        out.flush();
        return 0;
    }
}
