package io.plinth.kvcache.command.spec;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** The commands of Redis as its COMMAND describes them, read from {@code commands.txt}. Immutable. */
public final class KnownCommands {
    private static final String FILE = "commands.txt";
    private static final int FIELDS = 9;

    private final Map<String, CommandFacts> byName = new HashMap<>();

    public KnownCommands() {
        Map<String, Map<String, CommandFacts>> subcommands = new HashMap<>();
        try (InputStream in = KnownCommands.class.getResourceAsStream(FILE)) {
            if (in == null) {
                throw new IllegalStateException(FILE + ": missing (expected: beside its reader)");
            }
            BufferedReader lines = new BufferedReader(new InputStreamReader(in, StandardCharsets.US_ASCII));
            for (String line = lines.readLine(); line != null; line = lines.readLine()) {
                CommandFacts facts = parse(line);
                int bar = facts.name().indexOf('|');
                if (bar < 0) {
                    byName.put(facts.name(), facts);
                } else {
                    subcommands
                            .computeIfAbsent(facts.name().substring(0, bar), name -> new TreeMap<>())
                            .put(facts.name().substring(bar + 1), facts);
                }
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        subcommands.forEach((name, named) -> byName.computeIfPresent(name, (key, facts) -> facts.with(named)));
    }

    private static CommandFacts parse(String line) {
        String[] fields = line.split(" ", -1);
        if (fields.length != FIELDS) {
            throw new IllegalStateException(FILE + ": " + line + " (expected: " + FIELDS + " fields)");
        }
        return new CommandFacts(
                fields[0],
                fields[1],
                fields[2],
                Integer.parseInt(fields[3]),
                list(fields[4], ","),
                list(fields[5], ","),
                list(fields[6], ","),
                list(fields[7], ";").stream().map(KeySpec::parse).toList(),
                list(fields[8], ",").stream().map(Integer::valueOf).toList(),
                Map.of());
    }

    private static List<String> list(String field, String separator) {
        return field.equals("-") ? List.of() : Arrays.asList(field.split(separator, -1));
    }

    /** What is known of a command, or null. */
    public @Nullable CommandFacts find(String name) {
        return byName.get(name);
    }
}
