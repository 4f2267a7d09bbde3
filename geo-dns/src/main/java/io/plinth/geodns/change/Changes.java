package io.plinth.geodns.change;

import io.plinth.geodns.health.TargetHealth;
import io.plinth.geodns.load.Overlay;
import io.plinth.kit.config.ConfigException;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Clock;
import java.util.ArrayList;
import java.util.Arrays;
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

    /** Where a change is tried. */
    @FunctionalInterface
    public interface Target {
        /** Loads everything with an overlay, and gives what puts it into use; throws where that is not possible. */
        Runnable load(Overlay overlay, Map<String, TargetHealth.Statement> overrides) throws ConfigException;
    }

    private Changes(ChangeLog log, Clock clock) {
        this.log = log;
        this.clock = clock;
    }

    /** Reads what was changed before. */
    public static Changes open(Path file, Clock clock) throws IOException {
        return new Changes(ChangeLog.open(file), clock);
    }

    /** Everything that is changed now, by its key. */
    public synchronized Map<String, String> current() {
        return log.current();
    }

    /** Every change there was, the oldest first. */
    public synchronized List<Change> versions() {
        return log.changes();
    }

    /**
     * Changes one thing.
     *
     * @param after null to take the change of it back
     * @param dryRun only tries
     * @return lines that go with {@code -} and come with {@code +}
     */
    public synchronized List<String> apply(String key, @Nullable String after, boolean dryRun, Target target)
            throws ConfigException, IOException {
        return apply(Map.of(key, new Wish(after)), dryRun, target);
    }

    private record Wish(@Nullable String after) {}

    private List<String> apply(Map<String, Wish> wishes, boolean dryRun, Target target)
            throws ConfigException, IOException {
        Map<String, String> next = new HashMap<>(log.current());
        List<String> diff = new ArrayList<>();
        wishes.forEach((key, wish) -> {
            String after = wish.after();
            String before = after == null ? next.remove(key) : next.put(key, after);
            diff.addAll(diff(before, after));
        });
        Runnable use = target.load(overlay(next), overrides(next));
        if (!dryRun) {
            List<Change> changes = new ArrayList<>();
            wishes.forEach((key, wish) -> changes.add(new Change(
                    log.version() + 1 + changes.size(),
                    clock.millis(),
                    key,
                    log.current().get(key),
                    wish.after())));
            log.append(changes);
            use.run();
        }
        return diff;
    }

    /** Brings everything back to what it was after a version; 0 is the file alone. That is a change as well. */
    public synchronized List<String> rollback(long version, boolean dryRun, Target target)
            throws ConfigException, IOException {
        if (version < 0 || version > log.version()) {
            throw new IllegalArgumentException("version: " + version + " (expected: 0 to " + log.version() + ")");
        }
        Map<String, Wish> wishes = new HashMap<>();
        Map<String, String> now = log.current();
        Map<String, String> then = new HashMap<>();
        for (Change change : log.changes()) {
            String after = change.after();
            if (change.version() <= version) {
                if (after == null) {
                    then.remove(change.key());
                } else {
                    then.put(change.key(), after);
                }
            }
        }
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
        target.load(overlay(log.current()), overrides(log.current())).run();
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
        return text == null ? List.of() : Arrays.asList(text.split("\n", -1));
    }
}
