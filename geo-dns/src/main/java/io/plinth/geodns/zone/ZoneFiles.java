package io.plinth.geodns.zone;

import io.plinth.geodns.wire.Name;
import io.plinth.kit.config.Problem;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Reads zone files from disk, their problems told by file and line. */
public final class ZoneFiles {
    private final ZoneLimits limits;
    private final long maxSize;

    /** Reads files of at most {@code maxSize} octets, which holds for what they include too. */
    public ZoneFiles(ZoneLimits limits, long maxSize) {
        this.limits = limits;
        this.maxSize = maxSize;
    }

    /**
     * Reads one file.
     *
     * @param number the number the zone is counted under
     * @param problems gets what is wrong with it
     * @return null where anything is
     */
    public @Nullable Zone read(Name origin, int number, Path file, PolicyNumbers policies, List<Problem> problems) {
        try {
            return ZoneParser.parse(origin, number, text(file), limits, policies, beside(file));
        } catch (ZoneException e) {
            e.problems()
                    .forEach(problem -> problems.add(new Problem(
                            problem.file().isEmpty() ? file.toString() : problem.file(),
                            problem.line(),
                            1,
                            problem.message())));
        } catch (NoSuchFileException e) {
            problems.add(
                    new Problem(file.toString(), 1, 1, "zone file: missing (expected: the file of " + origin + ")"));
        } catch (IOException e) {
            problems.add(new Problem(file.toString(), 1, 1, "zone file: " + e.getMessage()));
        }
        return null;
    }

    private String text(Path file) throws IOException {
        long size = Files.size(file);
        if (size > maxSize) {
            throw new IOException(size + " octets (expected: at most limits.zone-file)");
        }
        return Files.readString(file, StandardCharsets.ISO_8859_1);
    }

    /** A relative path starts where the including file is. */
    private Includes beside(Path file) {
        return path -> {
            Path included = file.resolveSibling(path);
            try {
                return new Includes.Included(included.toString(), text(included), beside(included));
            } catch (NoSuchFileException e) {
                throw new IOException("missing", e);
            }
        };
    }
}
