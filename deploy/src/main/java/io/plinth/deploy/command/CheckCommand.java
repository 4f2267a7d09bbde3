package io.plinth.deploy.command;

import io.plinth.kit.config.StackFile;
import java.nio.file.Path;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code plinth check FILE}. */
@Command(
        name = "check",
        header = "Reports every mistake in a file, with line and column.",
        mixinStandardHelpOptions = true,
        exitCodeListHeading = "%nExit codes:%n",
        exitCodeList = {"0:the file can be used", "2:it cannot; a line for each mistake is on standard error"})
public final class CheckCommand implements Callable<Integer> {
    @Parameters(arity = "0..1", paramLabel = "FILE", description = "The file (default: deploy/plinth.yaml).")
    private @Nullable Path file;

    @Mixin
    private StackOptions options = new StackOptions();

    @Spec
    private @Nullable CommandSpec spec;

    @Override
    public Integer call() throws Exception {
        StackFile read = options.read(file);
        Map<String, Integer> kinds = new TreeMap<>();
        read.stack().nodes().values().forEach(node -> kinds.merge(node.run(), 1, Integer::sum));
        read.stack().apps().forEach((name, app) -> kinds.put(name, app.instances()));
        String counted = kinds.entrySet().stream()
                .map(kind -> kind.getValue() + " " + kind.getKey())
                .collect(Collectors.joining(", "));
        Output.of(spec).println(read.path() + ": stack " + read.stack().stack() + " is fine (" + counted + ")");
        return 0;
    }
}
