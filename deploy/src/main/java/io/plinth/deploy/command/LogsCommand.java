package io.plinth.deploy.command;

import io.plinth.deploy.DeployException;
import io.plinth.deploy.process.LogRotation;
import io.plinth.deploy.process.RunFolder;
import io.plinth.deploy.start.FollowedLog;
import io.plinth.deploy.start.LogTail;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code plinth logs NODE}. */
@Command(name = "logs", header = "Prints the end of a node's log.", mixinStandardHelpOptions = true)
public final class LogsCommand implements Callable<Integer> {
    private static final long POLL_MILLIS = 200;

    @Parameters(paramLabel = "NODE", description = "The node, as `plinth status` names it.")
    private String node = "";

    @Option(names = "-n", paramLabel = "LINES", description = "How many lines (default: ${DEFAULT-VALUE}).")
    private int lines = 100;

    @Option(
            names = {"-f", "--follow"},
            description = "Goes on printing what is added, until Ctrl-C.")
    private boolean follow;

    @Mixin
    private StackOptions options = new StackOptions();

    @Spec
    private @Nullable CommandSpec spec;

    @Override
    public Integer call() throws Exception {
        Path log = new RunFolder(options.state()).log(node);
        // Put aside just now, the next one is about to be begun.
        if (!Files.exists(log) && !Files.exists(LogRotation.earlier(log, 1))) {
            throw new DeployException("no log of " + node + " (expected: one of " + known(log.getParent()) + ")");
        }
        PrintWriter out = Output.of(spec);
        try (FollowedLog added = new FollowedLog(log)) {
            LogTail.last(log, lines).forEach(out::println);
            while (follow) {
                Thread.sleep(POLL_MILLIS);
                out.print(added.next());
                out.flush();
            }
        }
        return 0;
    }

    private static String known(@Nullable Path folder) throws IOException {
        if (folder == null || !Files.isDirectory(folder)) {
            return "none yet: nothing was started";
        }
        try (Stream<Path> files = Files.list(folder)) {
            return files.map(file -> file.getFileName().toString())
                    .filter(name -> name.endsWith(".log"))
                    .map(name -> name.substring(0, name.length() - 4))
                    .sorted()
                    .collect(Collectors.joining(", "));
        }
    }
}
