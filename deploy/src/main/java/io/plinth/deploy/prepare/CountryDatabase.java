package io.plinth.deploy.prepare;

import java.io.IOException;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.List;
import java.util.concurrent.TimeUnit;

/**
 * The country database that geo policies look addresses up in: CC0 data, published as an npm package, fetched once when
 * npm is there. Stateless.
 */
public final class CountryDatabase {
    private static final String PACKAGE = "@ip-location-db/geo-whois-asn-country-mmdb";
    private static final String ENTRY = "package/geo-whois-asn-country.mmdb";
    private static final long SECONDS_MAX = 60;

    private final Path cache;

    /** Knows where the file is kept for every stack of this installation. */
    public CountryDatabase(Path cache) {
        this.cache = cache;
    }

    /** Whether the file can be put in place without fetching it. */
    public boolean isCached() {
        return Files.exists(cache);
    }

    /** Fetches it into the cache; throws with the reason in one line. */
    public void fetch() throws IOException, InterruptedException {
        Path folder = Files.createTempDirectory("plinth-countries");
        try {
            run(folder, List.of("npm", "pack", "--silent", PACKAGE));
            Path archive;
            try (var files = Files.newDirectoryStream(folder, "*.tgz")) {
                archive = files.iterator().next();
            }
            run(folder, List.of("tar", "-xzf", archive.toString(), ENTRY));
            Files.createDirectories(cache.toAbsolutePath().getParent());
            put(folder.resolve(ENTRY), cache);
        } finally {
            delete(folder);
        }
    }

    /** Copies it from the cache. */
    public void install(Path target) throws IOException {
        Files.createDirectories(target.toAbsolutePath().getParent());
        put(cache, target);
    }

    /** A reader never sees half a file. */
    private static void put(Path from, Path to) throws IOException {
        Path draft = to.resolveSibling(to.getFileName() + ".draft");
        Files.copy(from, draft, StandardCopyOption.REPLACE_EXISTING);
        Files.move(draft, to, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
    }

    private static void run(Path folder, List<String> command) throws IOException, InterruptedException {
        Process process;
        try {
            process = new ProcessBuilder(command)
                    .directory(folder.toFile())
                    .redirectErrorStream(true)
                    .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                    .start();
        } catch (IOException e) {
            throw new IOException("no " + command.getFirst() + " on the PATH", e);
        }
        try {
            if (!process.waitFor(SECONDS_MAX, TimeUnit.SECONDS)) {
                throw new IOException(command.getFirst() + " took more than " + SECONDS_MAX + " s");
            }
            if (process.exitValue() != 0) {
                throw new IOException("`" + String.join(" ", command) + "` failed");
            }
        } finally {
            process.descendants().forEach(ProcessHandle::destroyForcibly);
            process.destroyForcibly();
        }
    }

    private static void delete(Path folder) throws IOException {
        Files.walkFileTree(folder, new SimpleFileVisitor<>() {
            @Override
            public FileVisitResult visitFile(Path file, BasicFileAttributes attributes) throws IOException {
                Files.delete(file);
                return FileVisitResult.CONTINUE;
            }

            @Override
            public FileVisitResult postVisitDirectory(Path visited, IOException failure) throws IOException {
                Files.delete(visited);
                return FileVisitResult.CONTINUE;
            }
        });
    }
}
