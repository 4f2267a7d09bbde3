package io.plinth.kvcache.command;

import io.plinth.kvcache.command.Command.Flag;
import io.plinth.kvcache.command.spec.CommandDocs;
import io.plinth.kvcache.command.spec.CommandFacts;
import io.plinth.kvcache.command.spec.HelpTexts;
import io.plinth.kvcache.command.spec.KnownCommands;
import io.plinth.kvcache.wire.Args;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** All commands, looked up by the upper-cased bytes of a name packed into two longs. Immutable once built. */
public final class CommandTable {
    /** Names of more letters are looked up by text. */
    private static final int MAX_NAME = 16;

    private static final int LONGEST_NAME = 64;
    private static final int CAPACITY = 1024;
    private static final long LETTER_CASE = 0x20;

    private final long[] low = new long[CAPACITY];
    private final long[] high = new long[CAPACITY];
    private final @Nullable Command[] commands = new Command[CAPACITY];
    private final Map<String, Command> byName = new TreeMap<>();
    private final List<String> rows = new ArrayList<>();
    private final Map<String, Integer> subcommandRows = new HashMap<>();
    private final CommandDocs docs = new CommandDocs();
    private final HelpTexts helps = new HelpTexts();

    private CommandTable(Map<String, Command> named) {
        for (Command command : named.values()) {
            byName.put(command.name(), command.at(rows.size()));
            rows.add(command.name());
            for (String own : command.facts().subcommands().keySet()) {
                subcommandRows.put(command.name() + "|" + own, rows.size());
                rows.add(command.name() + "|" + own);
            }
        }
        for (Command command : byName.values()) {
            if (command.name().length() > MAX_NAME) {
                continue;
            }
            byte[] name = command.name().getBytes(StandardCharsets.US_ASCII);
            long a = pack(name, 0, Math.min(8, name.length));
            long b = name.length > 8 ? pack(name, 8, name.length) : 0;
            int i = index(a, b);
            while (commands[i] != null) {
                i = (i + 1) & (CAPACITY - 1);
            }
            commands[i] = command;
            low[i] = a;
            high[i] = b;
        }
    }

    /** The command a call names, or null. */
    public @Nullable Command find(Args args) {
        int length = args.length(0);
        if (length > MAX_NAME || length == 0) {
            return length > MAX_NAME && length <= LONGEST_NAME ? find(args.text(0)) : null;
        }
        byte[] buffer = args.buffer();
        int from = args.offset(0);
        long a = pack(buffer, from, from + Math.min(8, length));
        long b = length > 8 ? pack(buffer, from + 8, from + length) : 0;
        for (int i = index(a, b); ; i = (i + 1) & (CAPACITY - 1)) {
            Command command = commands[i];
            if (command == null || (low[i] == a && high[i] == b)) {
                return command;
            }
        }
    }

    /** The command of a name in any case, or null. */
    public @Nullable Command find(String name) {
        return byName.get(name.toLowerCase(Locale.ROOT));
    }

    /** What is counted apart: commands, and subcommands as {@code container|name}. */
    public List<String> rows() {
        return Collections.unmodifiableList(rows);
    }

    /** What a call names: a command, or {@code container|subcommand}. */
    String nameOf(Command command, Args args) {
        return command.facts().subcommands().isEmpty() ? command.name() : rows.get(row(command, args));
    }

    /** Where a call is counted. */
    int row(Command command, Args args) {
        if (command.facts().subcommands().isEmpty()) {
            return command.row();
        }
        return subcommandRows.getOrDefault(command.factsOf(args, 0).name(), command.row());
    }

    /** All of them, by name. */
    public Collection<Command> all() {
        return byName.values();
    }

    /** A command by its name, a subcommand by {@code container|name}, in any case; null for none. */
    public @Nullable CommandFacts facts(String name) {
        int bar = name.indexOf('|');
        Command command = find(bar < 0 ? name : name.substring(0, bar));
        if (command == null) {
            return null;
        }
        return bar < 0
                ? command.facts()
                : command.facts().subcommand(name.substring(bar + 1).toLowerCase(Locale.ROOT));
    }

    /** What COMMAND DOCS says. */
    public CommandDocs docs() {
        return docs;
    }

    /** What HELP says. */
    HelpTexts helps() {
        return helps;
    }

    private static long pack(byte[] bytes, int from, int to) {
        long packed = 0;
        for (int i = from; i < to; i++) {
            int c = bytes[i] & 0xff;
            packed = packed << 8 | (c >= 'a' && c <= 'z' ? c ^ LETTER_CASE : c);
        }
        return packed;
    }

    private static int index(long a, long b) {
        long h = (a ^ Long.rotateLeft(b, 29)) * 0x9e3779b97f4a7c15L;
        return (int) (h >>> 54);
    }

    /** Collects commands. */
    public static final class Builder {
        private static final Map<String, Integer> FLAGS = Map.ofEntries(
                Map.entry("write", Flag.WRITE),
                Map.entry("readonly", Flag.READONLY),
                Map.entry("denyoom", Flag.DENYOOM),
                Map.entry("admin", Flag.ADMIN),
                Map.entry("pubsub", Flag.PUBSUB),
                Map.entry("noscript", Flag.NOSCRIPT),
                Map.entry("loading", Flag.LOADING),
                Map.entry("stale", Flag.STALE),
                Map.entry("fast", Flag.FAST),
                Map.entry("no_auth", Flag.NO_AUTH),
                Map.entry("no_multi", Flag.NO_MULTI),
                Map.entry("allow_busy", Flag.ALLOW_BUSY),
                Map.entry("blocking", Flag.BLOCKING));

        private final KnownCommands known = new KnownCommands();
        private final Map<String, Command> commands = new TreeMap<>();
        private String group = "generic";
        private int groupFlags;

        /** The following commands belong to this group and have these flags, too. */
        public Builder group(String name, int flags) {
            group = name;
            groupFlags = flags;
            return this;
        }

        /** Adds a command without keys. */
        public Builder add(String name, int arity, int flags, String summary, Handler handler) {
            return add(name, arity, flags, new int[] {0, 0, 0}, summary, handler);
        }

        /** Adds a command with keys at first, last and step. */
        public Builder add(String name, int arity, int flags, int[] keys, String summary, Handler handler) {
            CommandFacts facts = known.find(name);
            if (facts == null) {
                facts = CommandFacts.own(
                        name, group, arity, names(flags | groupFlags), List.of(keys[0], keys[1], keys[2]));
            }
            Command command = new Command(
                    name,
                    arity,
                    flags | groupFlags,
                    keys[0],
                    keys[1],
                    keys[2],
                    group,
                    summary,
                    Map.of(),
                    handler,
                    facts,
                    0);
            if (name.length() > MAX_NAME || commands.putIfAbsent(name, command) != null) {
                throw new IllegalArgumentException(
                        "command: " + name + " (expected: new, and at most " + MAX_NAME + " letters)");
            }
            return this;
        }

        private static List<String> names(int flags) {
            List<String> names = new ArrayList<>();
            FLAGS.forEach((name, flag) -> {
                if ((flags & flag) != 0) {
                    names.add(name);
                }
            });
            return names;
        }

        /** Adds a command of Redis, whose arity, flags, keys and subcommands are known. */
        public Builder add(String name, String summary, Handler handler) {
            return add(name, 0, summary, handler);
        }

        /** Adds a command of Redis with more flags than are known. */
        public Builder add(String name, int more, String summary, Handler handler) {
            CommandFacts facts = known.find(name);
            if (facts == null) {
                throw new IllegalArgumentException("command: " + name + " (expected: one of Redis's)");
            }
            int flags = more;
            for (String flag : facts.flags()) {
                flags |= FLAGS.getOrDefault(flag, 0);
            }
            Map<String, Integer> arities = new TreeMap<>();
            int[] keys = facts.range().stream().mapToInt(Integer::intValue).toArray();
            for (CommandFacts sub : facts.subcommands().values()) {
                arities.put(sub.name().substring(name.length() + 1), sub.arity());
                if (sub.range().getFirst() > 0) {
                    keys = sub.range().stream().mapToInt(Integer::intValue).toArray();
                }
            }
            Command command = new Command(
                    name,
                    facts.arity(),
                    flags,
                    keys[0],
                    keys[1],
                    keys[2],
                    facts.group(),
                    summary,
                    arities,
                    handler,
                    facts,
                    0);
            if (commands.putIfAbsent(name, command) != null) {
                throw new IllegalArgumentException("command: " + name + " (expected: new)");
            }
            return this;
        }

        /** What the last word of {@code name} may be followed by; each as {@code encoding 3}, the arity with both names. */
        public Builder subcommands(String name, String... each) {
            Map<String, Integer> arities = new TreeMap<>();
            arities.put("help", 2);
            for (String one : each) {
                int space = one.indexOf(' ');
                arities.put(one.substring(0, space), Integer.parseInt(one.substring(space + 1)));
            }
            commands.computeIfPresent(name, (key, command) -> command.with(arities));
            return this;
        }

        public CommandTable build() {
            return new CommandTable(commands);
        }
    }
}
