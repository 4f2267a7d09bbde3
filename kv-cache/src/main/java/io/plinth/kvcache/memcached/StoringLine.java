package io.plinth.kvcache.memcached;

import org.jspecify.annotations.Nullable;

/**
 * A line with a data block behind it, classic or meta.
 *
 * @param meta its flags; null of a classic line, and of a meta one that is not right
 * @param problem what is wrong with it; null for nothing
 */
record StoringLine(
        Line line, @Nullable MetaLine meta, @Nullable String problem) {
    /** A block and its line end are never longer than a number of 32 bits says. */
    static final int MOST_BYTES = Integer.MAX_VALUE - 2;

    /** Null where no data block follows a line of this name. */
    static @Nullable StoringLine of(Line line) {
        if (line.name().equals("ms")) {
            Object parsed = line.count() > 2 ? MetaLine.of(line, 3) : "";
            return new StoringLine(line, parsed instanceof MetaLine meta ? meta : null, MetaLine.problem(line, parsed));
        }
        return TextCommands.storing(line.name()) == null ? null : new StoringLine(line, null, TextCommands.fault(line));
    }

    boolean modern() {
        return line.name().equals("ms");
    }

    /** How long the block is, where nothing is wrong with the line. */
    int length() {
        return Integer.parseInt(line.word(modern() ? 2 : 4));
    }

    /**
     * Bytes behind a wrong line that are no commands: those of a wrong meta line where the length could be read; behind a classic one what
     * follows is read as lines.
     */
    long skipped() {
        Integer length = modern() && line.count() > 2 ? Line.number(line.word(2)) : null;
        return length == null || length < 0 || length > MOST_BYTES ? 0 : length + 2L;
    }

    /** Whether its client waits for an error. */
    boolean answered() {
        return modern() || !line.silent();
    }

    /**
     * The key whose value goes where a new one cannot be stored, so that nobody takes the old one for it; null where it stays. As memcached
     * has it: of the classic commands only {@code set}, of the meta one every mode.
     */
    byte @Nullable [] stale() {
        MetaLine flags = meta;
        if (flags != null) {
            return MetaCommands.mode(flags) == null ? null : flags.key();
        }
        return line.name().equals("set") ? line.key(1) : null;
    }
}
