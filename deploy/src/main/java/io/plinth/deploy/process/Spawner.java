package io.plinth.deploy.process;

import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/**
 * Starts processes in sessions of their own, so that a Ctrl-C in the terminal reaches the command and not them, and so
 * that they outlive it. Stateless.
 */
public final class Spawner {
    private final List<String> newSession;

    public Spawner() {
        this(System.getenv().getOrDefault("PATH", ""));
    }

    Spawner(String path) {
        // Without setsid (util-linux) children share the terminal's process group; all else works.
        this.newSession = Stream.concat(Stream.of(path.split(File.pathSeparator)), Stream.of("/usr/bin", "/bin"))
                .filter(folder -> !folder.isEmpty())
                .map(folder -> Path.of(folder, "setsid"))
                .filter(Files::isExecutable)
                .findFirst()
                .map(program -> List.of(program.toString()))
                .orElse(List.of());
    }

    /**
     * Starts a program.
     *
     * @param env added to this process's environment
     * @param log where its standard output and error are appended
     */
    public Process start(List<String> command, Path folder, Map<String, String> env, Path log) throws IOException {
        Files.createDirectories(log.toAbsolutePath().getParent());
        List<String> whole = new ArrayList<>(newSession);
        whole.addAll(command);
        ProcessBuilder builder = new ProcessBuilder(whole)
                .directory(folder.toFile())
                .redirectErrorStream(true)
                .redirectInput(ProcessBuilder.Redirect.from(new File("/dev/null")))
                .redirectOutput(ProcessBuilder.Redirect.appendTo(log.toFile()));
        builder.environment().putAll(env);
        return builder.start();
    }
}
