package io.plinth.geodns.zone;

import io.plinth.geodns.wire.Name;
import io.plinth.kit.config.Problem;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Reads zone files from disk, their problems told by file and line. */
public final class ZoneFiles {
    private final ZoneLimits limits;
    private final long maxSize;

    /** Reads files of at most {@code maxSize} octets. */
    public ZoneFiles(ZoneLimits limits, long maxSize) {
        this.limits = limits;
        this.maxSize = maxSize;
    }

    /**
     * Reads one file.
     *
     * @param policyNames names whose addresses come from policies
     * @param problems gets what is wrong with it
     * @return null where anything is
     */
    public @Nullable Zone read(Name origin, Path file, Set<Name> policyNames, List<Problem> problems) {
        try {
            long size = Files.size(file);
            if (size > maxSize) {
                problems.add(new Problem(
                        file.toString(), 1, 1, "zone file: " + size + " octets (expected: at most limits.zone-file)"));
                return null;
            }
            String text = Files.readString(file, StandardCharsets.ISO_8859_1);
            return ZoneParser.parse(origin, text, limits, policyNames);
        } catch (ZoneException e) {
            e.problems()
                    .forEach(problem ->
                            problems.add(new Problem(file.toString(), problem.line(), 1, problem.message())));
        } catch (NoSuchFileException e) {
            problems.add(
                    new Problem(file.toString(), 1, 1, "zone file: missing (expected: the file of " + origin + ")"));
        } catch (IOException e) {
            problems.add(new Problem(file.toString(), 1, 1, "zone file: cannot be read: " + e));
        }
        return null;
    }
}
