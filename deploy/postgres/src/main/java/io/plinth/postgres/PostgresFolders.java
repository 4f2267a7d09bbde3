package io.plinth.postgres;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** Where servers keep their programs and data, given where the stack keeps its state. */
public final class PostgresFolders {
    private static final Path FALLBACK = Path.of("/var/lib/plinth");

    private PostgresFolders() {}

    /**
     * {@code postgres} below the state folder; or, when we are root and the state folder lies where the servers'
     * account cannot go (below /root, mostly), a folder in /var/lib/plinth named after the state folder, the same at
     * every call. Say so to the user when the two differ. The folder exists afterwards.
     */
    public static Path below(Path state) throws IOException {
        Path wanted = state.toAbsolutePath().normalize().resolve("postgres");
        Path barrier = ServerAccount.choose().barrier(wanted);
        if (barrier == null) {
            return Files.createDirectories(wanted);
        }
        Path instead = FALLBACK.resolve(
                state.toAbsolutePath().normalize().toString().substring(1).replace('/', '-'));
        try {
            Files.createDirectories(instead);
        } catch (IOException e) {
            throw new PostgresException(
                    "PostgreSQL does not run as root, and its account cannot enter " + barrier + " on the way to "
                            + wanted + "; put the stack's state elsewhere (state: /var/lib/shop), or chmod o+x "
                            + barrier,
                    e);
        }
        return instead;
    }
}
