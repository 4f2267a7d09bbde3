package io.plinth.deploy.bench.harness;

import java.io.File;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Optional;
import java.util.stream.Stream;

/** Programs of this machine. Stateless. */
public final class Programs {
    private final String path;

    public Programs(String path) {
        this.path = path;
    }

    /** On the PATH, or where Debian puts daemons, which a user's PATH may leave out. */
    public Optional<String> find(String name) {
        return Stream.concat(
                        Arrays.stream(path.split(File.pathSeparator)),
                        Stream.of("/usr/local/sbin", "/usr/sbin", "/sbin"))
                .filter(folder -> !folder.isEmpty())
                .map(folder -> Path.of(folder, name))
                .filter(Files::isExecutable)
                .map(Path::toString)
                .findFirst();
    }
}
