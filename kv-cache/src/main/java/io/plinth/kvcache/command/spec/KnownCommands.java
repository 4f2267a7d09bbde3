package io.plinth.kvcache.command.spec;

import java.util.ArrayList;
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
        Map<String, String> notes = notes();
        for (String line : Resources.lines(FILE)) {
            CommandFacts facts = parse(line, notes);
            int bar = facts.name().indexOf('|');
            if (bar < 0) {
                byName.put(facts.name(), facts);
            } else {
                subcommands
                        .computeIfAbsent(facts.name().substring(0, bar), name -> new TreeMap<>())
                        .put(facts.name().substring(bar + 1), facts);
            }
        }
        subcommands.forEach((name, named) -> byName.computeIfPresent(name, (key, facts) -> facts.with(named)));
    }

    /** As {@code sort 1 text}: of the command's second spec. */
    private static Map<String, String> notes() {
        Map<String, String> notes = new HashMap<>();
        for (String line : Resources.lines("notes.txt")) {
            String[] fields = line.split(" ", 3);
            notes.put(fields[0] + " " + fields[1], fields[2]);
        }
        return notes;
    }

    private static List<KeySpec> keys(String name, String field, Map<String, String> notes) {
        List<KeySpec> specs = new ArrayList<>();
        for (String spec : list(field, ";")) {
            specs.add(KeySpec.parse(spec).noted(notes.get(name + " " + specs.size())));
        }
        return specs;
    }

    private static CommandFacts parse(String line, Map<String, String> notes) {
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
                keys(fields[0], fields[7], notes),
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
