package io.plinth.kit.health;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Files that say what is up, each read again when its time or size is another. One that cannot be read leaves what it
 * said before. May be called from any thread.
 */
final class StateFiles {
    private static final Logger LOG = LoggerFactory.getLogger(StateFiles.class);
    private static final Pattern LINE = Pattern.compile(
            "(\\S+)\\s*=>\\s*(UP|DOWN)(?:/(\\d{1,9}))?(?:\\s+(\\d{1,3}))?\\s*,?", Pattern.CASE_INSENSITIVE);
    private static final ProbeResult UNNAMED = new ProbeResult(true, "not named");
    private static final long LARGEST = 16 << 20;

    private final Map<Path, Said> read = new ConcurrentHashMap<>();

    /**
     * What a file said.
     *
     * @param modified null where it could not be looked at
     */
    private record Said(@Nullable FileTime modified, long size, Map<String, ProbeResult> byName) {}

    /** What a file says of a server, by its name or by its address. */
    ProbeResult find(String file, String name, InetSocketAddress target) {
        Said said = read.compute(Path.of(file), StateFiles::current);
        ProbeResult found = said.byName().get(name);
        if (found == null && !target.isUnresolved()) {
            found = said.byName().get(target.getAddress().getHostAddress());
        }
        return found == null ? UNNAMED : found;
    }

    private static Said current(Path file, @Nullable Said before) {
        Map<String, ProbeResult> kept = before == null ? Map.of() : before.byName();
        try {
            FileTime modified = Files.getLastModifiedTime(file);
            long size = Files.size(file);
            if (before != null && modified.equals(before.modified()) && size == before.size()) {
                return before;
            }
            try {
                return new Said(modified, size, parse(file, size));
            } catch (IllegalArgumentException e) {
                LOG.warn("health file {}: {}; what it said before holds", file, e.getMessage());
                return new Said(modified, size, kept);
            }
        } catch (IOException e) {
            if (before == null || before.modified() != null) {
                LOG.warn("health file {}: {}; what it said before holds", file, e.toString());
            }
            return new Said(null, -1, kept);
        }
    }

    private static Map<String, ProbeResult> parse(Path file, long size) throws IOException {
        if (size > LARGEST) {
            throw new IllegalArgumentException("size: " + size + " (expected: at most " + LARGEST + ")");
        }
        Map<String, ProbeResult> byName = new HashMap<>();
        int number = 0;
        for (String line : Files.readString(file, StandardCharsets.ISO_8859_1).split("\n", -1)) {
            number++;
            String bare = line.replaceFirst("[#;].*", "").strip();
            if (bare.isEmpty()) {
                continue;
            }
            Matcher matcher = LINE.matcher(bare);
            if (!matcher.matches()) {
                throw new IllegalArgumentException(
                        "line " + number + ": " + bare + " (expected: as `192.0.2.1 => UP/30`)");
            }
            byName.put(matcher.group(1), result(matcher));
        }
        return byName;
    }

    private static ProbeResult result(Matcher matcher) {
        boolean up = matcher.group(2).equalsIgnoreCase("UP");
        String holds = matcher.group(3);
        String weight = matcher.group(4);
        return new ProbeResult(
                up,
                "the file says " + matcher.group(2),
                weight == null ? ProbeResult.FULL : Math.min(ProbeResult.FULL, Integer.parseInt(weight)),
                holds == null ? ProbeResult.UNKNOWN : Integer.parseInt(holds));
    }
}
