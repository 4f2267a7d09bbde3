package io.plinth.kvcache.command;

import io.plinth.kvcache.wire.Args;
import java.nio.charset.StandardCharsets;
import java.util.Collection;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** All commands, looked up by the upper-cased bytes of a name packed into two longs. Immutable once built. */
public final class CommandTable {
    private static final int MAX_NAME = 16;
    private static final int CAPACITY = 1024;
    private static final long LETTER_CASE = 0x20;

    private final long[] low = new long[CAPACITY];
    private final long[] high = new long[CAPACITY];
    private final @Nullable Command[] commands = new Command[CAPACITY];
    private final Map<String, Command> byName;

    private CommandTable(Map<String, Command> byName) {
        this.byName = new TreeMap<>(byName);
        for (Command command : byName.values()) {
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
            return null;
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

    /** All of them, by name. */
    public Collection<Command> all() {
        return byName.values();
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
            Command command = new Command(
                    name, arity, flags | groupFlags, keys[0], keys[1], keys[2], group, summary, Map.of(), handler);
            if (name.length() > MAX_NAME || commands.putIfAbsent(name, command) != null) {
                throw new IllegalArgumentException(
                        "command: " + name + " (expected: new, and at most " + MAX_NAME + " letters)");
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
