package io.plinth.geodns.change;

import io.plinth.geodns.health.TargetHealth;
import io.plinth.geodns.load.Overlay;
import io.plinth.kit.config.ConfigException;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Clock;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Guarded by itself: what the API changed, and every version of it. */
public final class Changes {
    private final ChangeLog log;
    private final Clock clock;

    /**
     * How much of what there was is kept.
     *
     * @param versions there is a way back to
     * @param octets of their texts together
     */
    public record Limits(int versions, long octets) {}

    /** Where a change is tried. */
    @FunctionalInterface
    public interface Target {
        /** Loads what an overlay makes of everything; throws where that is not possible. */
        Next load(Overlay overlay, Map<String, TargetHealth.Statement> overrides) throws ConfigException;

        /** What is served under a key now; null where that is what was said of it, if anything. */
        default @Nullable String served(String key) {
            return null;
        }
    }

    /** What was loaded. */
    @FunctionalInterface
    public interface Next {
        /** Puts it into use. */
        void use();

        /** As {@link Target#served}, once it is in use. */
        default @Nullable String served(String key) {
            return null;
        }
    }

    private Changes(ChangeLog log, Clock clock) {
        this.log = log;
        this.clock = clock;
    }

    /** Reads what was changed before. */
    public static Changes open(Path file, Limits limits, Clock clock) throws IOException {
        return new Changes(ChangeLog.open(file, limits), clock);
    }

    /** Everything that is changed now, by its key. */
    public synchronized Map<String, String> current() {
        return log.current();
    }

    /** The last changes there were, the oldest first. */
    public synchronized List<Change> versions() {
        return log.changes();
    }

    /** The number of the last change; 0 where there was none. */
    public synchronized long version() {
        return log.version();
    }

    /**
     * Changes one thing.
     *
     * @param after null to take the change of it back
     * @param dryRun only tries
     * @return lines of what is served that go with {@code -} and come with {@code +}
     */
    public synchronized List<String> apply(String key, @Nullable String after, boolean dryRun, Target target)
            throws ConfigException, IOException {
        return apply(Map.of(key, new Wish(after)), dryRun, target);
    }

    private record Wish(@Nullable String after) {}

    private List<String> apply(Map<String, Wish> wishes, boolean dryRun, Target target)
            throws ConfigException, IOException {
        Map<String, String> next = new HashMap<>(log.current());
        wishes.forEach((key, wish) -> {
            String after = wish.after();
            if (after == null) {
                next.remove(key);
            } else {
                next.put(key, after);
            }
        });
        Next loaded = target.load(overlay(next), overrides(next));
        List<String> diff = new ArrayList<>();
        wishes.forEach((key, wish) -> {
            String before = target.served(key);
            String after = loaded.served(key);
            diff.addAll(diff(before == null ? log.current(key) : before, after == null ? wish.after() : after));
        });
        if (!dryRun) {
            List<Change> changes = new ArrayList<>();
            wishes.forEach((key, wish) -> changes.add(new Change(
                    log.version() + 1 + changes.size(), clock.millis(), key, log.current(key), wish.after())));
            log.append(changes);
            loaded.use();
        }
        return diff;
    }

    /** Brings everything back to what it was after a version; 0 is the file alone. That is a change as well. */
    public synchronized List<String> rollback(long version, boolean dryRun, Target target)
            throws ConfigException, IOException {
        if (version != 0 && (version < log.oldest() || version > log.version())) {
            throw new IllegalArgumentException("version: " + version + " (expected: " + log.oldest() + " to "
                    + log.version() + ", or 0 for the file alone)");
        }
        Map<String, Wish> wishes = new HashMap<>();
        Map<String, String> now = log.current();
        Map<String, String> then = log.at(version);
        now.keySet().stream().filter(key -> !then.containsKey(key)).forEach(key -> wishes.put(key, new Wish(null)));
        then.forEach((key, text) -> {
            if (!text.equals(now.get(key))) {
                wishes.put(key, new Wish(text));
            }
        });
        return apply(wishes, dryRun, target);
    }

    /** Loads everything again as it is changed now, and puts it into use; no change comes between. */
    public synchronized void again(Target target) throws ConfigException {
        target.load(overlay(log.current()), overrides(log.current())).use();
    }

    private static Overlay overlay(Map<String, String> all) {
        Map<String, String> zones = new HashMap<>();
        Map<String, Map<String, List<String>>> targets = new HashMap<>();
        Map<String, String> latency = new HashMap<>();
        all.forEach((key, text) -> {
            String[] parts = key.split("/", 3);
            switch (parts[0]) {
                case "zones" -> zones.put(parts[1], text);
                case "targets" ->
                    targets.computeIfAbsent(parts[1], policy -> new HashMap<>())
                            .put(
                                    parts[2],
                                    text.lines().filter(line -> !line.isBlank()).toList());
                case "latency" -> latency.put(parts[1], text);
                default -> {
                    // Overrides are no part of what is loaded.
                }
            }
        });
        return new Overlay(zones, targets, latency);
    }

    private static Map<String, TargetHealth.Statement> overrides(Map<String, String> all) {
        Map<String, TargetHealth.Statement> overrides = new HashMap<>();
        all.forEach((key, text) -> {
            if (key.startsWith("overrides/")) {
                String[] words = text.split(" ", 2);
                overrides.put(
                        key.substring("overrides/".length()),
                        new TargetHealth.Statement(words[0].equals("up"), Long.parseLong(words[1])));
            }
        });
        return overrides;
    }

    /** Lines that are in one text and not in the other, as often as they are. */
    private static List<String> diff(@Nullable String before, @Nullable String after) {
        LinkedHashMap<String, Integer> left = new LinkedHashMap<>();
        lines(before).forEach(line -> left.merge(line, 1, Integer::sum));
        List<String> come = new ArrayList<>();
        for (String line : lines(after)) {
            if (left.getOrDefault(line, 0) > 0) {
                left.merge(line, -1, Integer::sum);
            } else {
                come.add("+ " + line);
            }
        }
        List<String> diff = new ArrayList<>();
        left.forEach((line, count) -> diff.addAll(Collections.nCopies(count, "- " + line)));
        diff.addAll(come);
        return diff;
    }

    private static List<String> lines(@Nullable String text) {
        return text == null ? List.of() : text.lines().toList();
    }
}
