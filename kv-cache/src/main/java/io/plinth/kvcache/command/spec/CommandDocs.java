package io.plinth.kvcache.command.spec;

import io.plinth.kvcache.wire.ReplyWriter;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * What COMMAND DOCS says of each command and subcommand, as {@code docs.txt} has it. Safe for all loops; read when first asked. A
 * line is a name and a reply, each separated by a tab: {@code %n} a map, {@code *n} an array, {@code ~n} a set, {@code $} a bulk,
 * {@code +} a status, {@code :} an integer.
 */
public final class CommandDocs {
    private static final String FILE = "docs.txt";

    private volatile @Nullable Map<String, String> known;

    /** Writes a map; of a command that is not in the file its {@code summary}, version and group. */
    public void write(ReplyWriter out, CommandFacts facts, String summary) {
        String line = lines().get(facts.name());
        Map<String, CommandFacts> subcommands = facts.subcommands();
        int more = subcommands.isEmpty() ? 0 : 1;
        if (line == null) {
            out.map(3 + more);
            out.bulk("summary");
            out.bulk(summary);
            out.bulk("since");
            out.bulk(facts.since());
            out.bulk("group");
            out.bulk(facts.group());
        } else {
            int end = line.indexOf('\t');
            out.map(Integer.parseInt(line, 1, end, 10) + more);
            while (end >= 0) {
                int from = end + 1;
                end = line.indexOf('\t', from);
                part(out, end < 0 ? line.substring(from) : line.substring(from, end));
            }
        }
        if (more > 0) {
            out.bulk("subcommands");
            out.map(subcommands.size());
            for (CommandFacts sub : subcommands.values()) {
                out.bulk(sub.name());
                write(out, sub, summary);
            }
        }
    }

    private static void part(ReplyWriter out, String part) {
        String value = part.substring(1);
        switch (part.charAt(0)) {
            case '%' -> out.map(Integer.parseInt(value));
            case '*' -> out.array(Integer.parseInt(value));
            case '~' -> out.set(Integer.parseInt(value));
            case ':' -> out.integer(Long.parseLong(value));
            case '+' -> out.simple(value);
            case '$' -> out.bulk(value);
            default -> throw new IllegalStateException(FILE + ": " + part + " (expected: one of %*~:+$ first)");
        }
    }

    private Map<String, String> lines() {
        Map<String, String> read = known;
        if (read == null) {
            read = new TreeMap<>();
            for (String line : Resources.lines(FILE)) {
                int tab = line.indexOf('\t');
                read.put(line.substring(0, tab), line.substring(tab + 1));
            }
            known = read;
        }
        return read;
    }
}
