package io.plinth.kvcache.admin.config;

import io.plinth.kvcache.command.NodeState;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * The names that Redis 7.2 knows. Those that mean nothing to this node are checked as there, kept until the next start and shown again: what
 * tools set they find.
 */
final class KnownSettings {
    private static final String NAMES = "settings.txt";

    private KnownSettings() {}

    /** Owned by its node: a value that is kept. */
    private static final class Kept implements Setting {
        private final Kind kind;
        private volatile String value;

        Kept(Kind kind, String value) {
            this.kind = kind;
            this.value = value;
        }

        @Override
        public String shown(NodeState node) {
            return value;
        }

        @Override
        public @Nullable String change(NodeState node, String given) {
            String problem = kind.problem(given);
            if (problem == null) {
                value = kind.shown(given);
            }
            return problem;
        }
    }

    /** All of them, with {@code own} in the place of those that mean something here; other names of the same are the same. */
    static Map<String, Setting> with(Map<String, Setting> own) {
        Map<String, Setting> all = new TreeMap<>(own);
        Map<String, String> others = new TreeMap<>();
        try (InputStream in = Objects.requireNonNull(KnownSettings.class.getResourceAsStream(NAMES), NAMES);
                BufferedReader lines = new BufferedReader(new InputStreamReader(in, StandardCharsets.UTF_8))) {
            for (String line = lines.readLine(); line != null; line = lines.readLine()) {
                if (line.startsWith("#")) {
                    continue;
                }
                String[] parts = (line + "\t\t").split("\t", -1);
                if (parts[1].equals("alias")) {
                    others.put(parts[0], parts[2]);
                } else {
                    all.computeIfAbsent(
                            parts[0],
                            name -> parts[1].equals("buffers")
                                    ? new BufferLimitSetting()
                                    : new Kept(kind(name, parts[1], parts[2]), parts[3]));
                }
            }
        } catch (IOException e) {
            throw new UncheckedIOException(NAMES + ": " + e.getMessage(), e);
        }
        others.forEach((other, name) -> all.put(other, Objects.requireNonNull(all.get(name), name)));
        return all;
    }

    private static Kind kind(String setting, String name, String detail) {
        return switch (name) {
            case "fixed" -> new Kind.Fixed();
            case "bool" -> new Kind.Bool();
            case "enum" -> Kind.Choice.of(detail);
            case "several" -> new Kind.Several(Kind.Choice.of(detail));
            case "size" -> new Kind.Size();
            case "sizepercent" -> new Kind.SizeOrPercent();
            case "numbers" -> {
                String[] bounds = detail.split(" ", -1);
                yield new Kind.Numbers(
                        setting, Integer.parseInt(bounds[0]), Integer.parseInt(bounds[1]), Integer.parseInt(bounds[2]));
            }
            case "text" -> new Kind.Text();
            case "int" -> {
                int blank = detail.indexOf(' ');
                yield new Kind.Whole(
                        Long.parseLong(detail.substring(0, blank)), Long.parseLong(detail.substring(blank + 1)));
            }
            default -> throw new IllegalStateException(NAMES + ": " + name + " (expected: a kind of setting)");
        };
    }
}
