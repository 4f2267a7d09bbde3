package io.plinth.deploy.command;

import io.plinth.deploy.Daemons;
import io.plinth.deploy.process.Installation;
import io.plinth.kit.config.ConfigException;
import io.plinth.kit.config.Problem;
import io.plinth.kit.config.StackFile;
import io.plinth.kit.config.StackFiles;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** Which stack is meant: options that most commands share. */
final class StackOptions {
    @Option(names = "--file", paramLabel = "FILE", description = "The stack's file (default: deploy/plinth.yaml).")
    private @Nullable Path file;

    @Option(names = "--state", paramLabel = "DIR", description = "The state folder, in place of the file's.")
    private @Nullable Path state;

    @Option(
            names = "--set",
            paramLabel = "KEY=VALUE",
            description = "Sets a key over the file's: kv-cache.memory=1GiB.")
    private Map<String, String> settings = new LinkedHashMap<>();

    /** The file that is meant; {@code positional} is the one named without an option. */
    Path file(@Nullable Path positional) throws IOException {
        Path named = positional != null ? positional : file;
        return named != null ? named : shown(Installation.ofThisJvm().home().resolve("plinth.yaml"));
    }

    /** Reads and checks it. */
    StackFile read(@Nullable Path positional) throws ConfigException, IOException {
        return StackFiles.read(file(positional), Daemons.ALL, System.getenv(), overrides());
    }

    /** Reads it again, the same way. */
    StackFile reread() throws ConfigException {
        try {
            return read(null);
        } catch (IOException e) {
            throw new ConfigException(List.of(new Problem("plinth.yaml", 1, 1, String.valueOf(e.getMessage()))));
        }
    }

    /** What the command line sets over the file. */
    Map<String, String> overrides() {
        Map<String, String> over = new LinkedHashMap<>(settings);
        Path folder = state;
        if (folder != null) {
            over.put("state", folder.toAbsolutePath().normalize().toString());
        }
        return over;
    }

    /**
     * The state folder, also when the file is broken meanwhile: what runs must still be seen and stopped.
     */
    Path state() throws ConfigException, IOException {
        Path folder = state;
        if (folder != null) {
            return folder.toAbsolutePath().normalize();
        }
        try {
            return read(null).state();
        } catch (ConfigException e) {
            Path guess = file(null).toAbsolutePath().normalize().resolveSibling(".plinth");
            if (!Files.isDirectory(guess.resolve("run"))) {
                throw e;
            }
            return guess;
        }
    }

    /** What is passed on to every process of the stack beside file and state. */
    Map<String, String> settings() {
        return settings;
    }

    /** Relative to the working folder where that is shorter. */
    static Path shown(Path path) {
        Path here = Path.of("").toAbsolutePath();
        Path absolute = path.toAbsolutePath().normalize();
        return absolute.startsWith(here) ? here.relativize(absolute) : absolute;
    }
}
