package io.plinth.kvcache.command;

import io.plinth.kvcache.command.spec.CommandFacts;
import io.plinth.kvcache.command.spec.KeySpec;
import io.plinth.kvcache.keyspace.SegmentSet;
import io.plinth.kvcache.keyspace.Slots;
import io.plinth.kvcache.wire.Args;
import java.util.Locale;
import java.util.Map;
import java.util.Set;

/**
 * One command.
 *
 * @param name lower case
 * @param arity of a call, its name included; negative for "at least"
 * @param flags bits of {@link Flag}
 * @param firstKey position of the first key, 0 for none
 * @param lastKey position of the last, negative from the end
 * @param keyStep from one key to the next
 * @param group as COMMAND DOCS names it
 * @param summary one sentence
 * @param subcommands each with the arity of a call, both names included; empty for a command that has none
 * @param handler does it
 * @param facts what COMMAND shows
 * @param row where it is counted; its subcommands' follow, by name
 */
public record Command(
        String name,
        int arity,
        int flags,
        int firstKey,
        int lastKey,
        int keyStep,
        String group,
        String summary,
        Map<String, Integer> subcommands,
        Handler handler,
        CommandFacts facts,
        int row) {

    /** What COMMAND shows of a command, and how it is run. */
    public static final class Flag {
        public static final int WRITE = 1;
        public static final int READONLY = 1 << 1;
        public static final int DENYOOM = 1 << 2;
        public static final int ADMIN = 1 << 3;
        public static final int PUBSUB = 1 << 4;
        public static final int NOSCRIPT = 1 << 5;
        public static final int LOADING = 1 << 6;
        public static final int STALE = 1 << 7;
        public static final int FAST = 1 << 8;
        public static final int NO_AUTH = 1 << 9;
        public static final int NO_MULTI = 1 << 10;
        public static final int ALLOW_BUSY = 1 << 11;
        public static final int BLOCKING = 1 << 12;
        public static final int DANGEROUS = 1 << 13;
        public static final int CONNECTION = 1 << 14;
        public static final int TRANSACTION = 1 << 15;
        public static final int KEYSPACE = 1 << 16;
        public static final int STRING = 1 << 17;
        public static final int HASH = 1 << 18;
        /** Always has exactly one key. Known once the command is made. */
        private static final int ONE_KEY = 1 << 20;
        /** May have keys. Known once the command is made. */
        private static final int KEYED = 1 << 21;
        /** Runs inside MULTI instead of being queued. */
        public static final int IN_MULTI = 1 << 24;
        /** Allowed while a RESP2 client is subscribed. */
        public static final int WHILE_SUBSCRIBED = 1 << 25;
        /** Goes over the whole keyspace: a transaction with it locks everything. */
        public static final int EVERYTHING = 1 << 26;
        /** Its arguments that stand like keys are channels: they name a slot and lock nothing. */
        public static final int CHANNELS = 1 << 27;
        /** Locks what it needs itself. */
        public static final int LOCKS_ITSELF = 1 << 28;

        /** Refused to who may not look inside, before anything else is asked of it. */
        public static final int PROTECTED = 1 << 22;

        /** Runs a script. */
        public static final int SCRIPT = 1 << 23;
        /** Runs the queued commands. */
        public static final int EXEC = 1 << 29;
        /** May need much memory with few words. Known once the command is made. */
        static final int GROWS = 1 << 30;

        private Flag() {}
    }

    private static final Set<String> GROWING = Set.of("append", "setrange", "setbit", "bitfield", "bitop", "copy");

    /** Whether a bit of {@link Flag} is set. */
    public boolean is(int flag) {
        return (flags & flag) != 0;
    }

    public Command {
        subcommands = Map.copyOf(subcommands);
        boolean movable = facts.movable();
        flags |= firstKey > 0 || movable ? Flag.KEYED : 0;
        flags |= firstKey > 0 && firstKey == lastKey && !movable ? Flag.ONE_KEY : 0;
        flags |= GROWING.contains(name) ? Flag.GROWS : 0;
    }

    /** The same with subcommands. */
    Command with(Map<String, Integer> named) {
        return new Command(name, arity, flags, firstKey, lastKey, keyStep, group, summary, named, handler, facts, row);
    }

    /** The same, counted at a row. */
    Command at(int number) {
        return new Command(
                name, arity, flags, firstKey, lastKey, keyStep, group, summary, subcommands, handler, facts, number);
    }

    /** What is known of the subcommand a call names, or of the command where it names none. */
    public CommandFacts factsOf(Args args, int shift) {
        if (facts.subcommands().isEmpty() || args.count() <= shift + 1) {
            return facts;
        }
        CommandFacts named = facts.subcommand(args.text(shift + 1).toLowerCase(Locale.ROOT));
        return named == null ? facts : named;
    }

    /** Whether it may have keys. */
    boolean keyed() {
        return is(Flag.KEYED);
    }

    /** Visits where the keys of a call stand that begins at {@code shift}. */
    public void keys(Args args, int shift, KeySpec.Visitor visitor) {
        for (KeySpec spec : factsOf(args, shift).keys()) {
            spec.visit(args, shift, visitor);
        }
    }

    /** Refuses a call whose subcommand there is not, or not with so many arguments. */
    void checkSubcommand(Args args) {
        String given = args.text(1).toLowerCase(Locale.ROOT);
        Integer arity = subcommands.get(given);
        if (arity == null) {
            throw CommandException.subcommand(args.text(1), name.toUpperCase(Locale.ROOT));
        }
        if (!fits(arity, args.count())) {
            throw CommandException.arity(name + "|" + given);
        }
    }

    /** Adds the segments of its keys; all where what it touches is not known from its arguments. */
    void segments(Args args, SegmentSet into) {
        if (facts.unknownKeys() && args.count() > 2) {
            into.addAll();
        } else {
            keys(args, 0, (i, access) -> into.add(Slots.of(args.buffer(), args.offset(i), args.length(i))));
        }
    }

    /** Whether a call of this many arguments is allowed. */
    public boolean takes(int count) {
        return fits(arity, count);
    }

    /** Whether a call of this many arguments is allowed by an arity as COMMAND shows it. */
    public static boolean fits(int arity, int count) {
        return arity >= 0 ? count == arity : count >= -arity;
    }

    /** The position after the last key of a call of this many arguments; not after {@link #firstKey} where there is none. */
    public int keysEnd(int count) {
        return lastKey < 0 ? count + lastKey + 1 : Math.min(lastKey + 1, count);
    }

    /** Whether it always has exactly one key. */
    boolean oneKey() {
        return is(Flag.ONE_KEY);
    }
}
