package io.plinth.deploy.stack;

import static org.assertj.core.api.Assertions.assertThat;

import io.plinth.deploy.Plinth;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import picocli.CommandLine;

/** The real {@code deploy/plinth} script. */
public final class Script {
    static final Path ROOT = root();
    private static final long SECONDS_MAX = 240;

    private Script() {}

    /** What a run left. */
    public record Result(int exitCode, String out, String err) {}

    /** Runs it to its end. */
    public static Result run(Map<String, String> env, String... arguments) throws IOException, InterruptedException {
        return runProgram(env, arguments(arguments));
    }

    /** Runs one of its commands, one that starts nothing, in this JVM: it does the same, and a JVM's start sooner. */
    static Result here(String... arguments) {
        // As the script says it to every JVM it starts.
        System.setProperty("plinth.home", ROOT.resolve("deploy").toString());
        StringWriter out = new StringWriter();
        StringWriter err = new StringWriter();
        CommandLine line = Plinth.commandLine();
        line.setOut(new PrintWriter(out));
        line.setErr(new PrintWriter(err));
        int exit = line.execute(arguments);
        return new Result(exit, out.toString(), err.toString());
    }

    /** Runs any program to its end. */
    static Result runProgram(Map<String, String> env, List<String> command) throws IOException, InterruptedException {
        Path folder = Files.createTempDirectory("plinth-script");
        Path out = folder.resolve("out");
        Path err = folder.resolve("err");
        Process process = builder(env, command)
                .redirectOutput(out.toFile())
                .redirectError(err.toFile())
                .start();
        boolean ended = process.waitFor(SECONDS_MAX, TimeUnit.SECONDS);
        if (!ended) {
            process.destroyForcibly();
        }
        String said = Files.readString(out);
        String complained = Files.readString(err);
        Files.delete(out);
        Files.delete(err);
        Files.delete(folder);
        assertThat(ended).as("%s ends; it said %s%s", command, said, complained).isTrue();
        return new Result(process.exitValue(), said, complained);
    }

    /** Starts it in the background. */
    static Process start(Path log, String... arguments) throws IOException {
        return builder(Map.of(), arguments(arguments))
                .redirectErrorStream(true)
                .redirectOutput(log.toFile())
                .start();
    }

    private static List<String> arguments(String... arguments) {
        List<String> command =
                new ArrayList<>(List.of(ROOT.resolve("deploy/plinth").toString()));
        command.addAll(List.of(arguments));
        return command;
    }

    private static ProcessBuilder builder(Map<String, String> env, List<String> command) {
        ProcessBuilder builder = new ProcessBuilder(command)
                .directory(ROOT.toFile())
                .redirectInput(Path.of("/dev/null").toFile());
        // The build under test is the one that Maven is in the middle of.
        builder.environment().put("PLINTH_BUILD", "never");
        builder.environment().put("PLINTH_JAVA_HOME", System.getProperty("java.home"));
        builder.environment().putAll(env);
        return builder;
    }

    private static Path root() {
        Path here = Path.of(System.getProperty("basedir", "")).toAbsolutePath();
        return Files.exists(here.resolve("plinth")) ? Objects.requireNonNull(here.getParent()) : here;
    }
}
