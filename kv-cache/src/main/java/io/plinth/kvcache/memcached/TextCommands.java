package io.plinth.kvcache.memcached;

import io.plinth.kvcache.keyspace.Entry;
import io.plinth.kvcache.keyspace.Segment;
import io.plinth.kvcache.memcached.Store.Mode;
import io.plinth.kvcache.memcached.Store.Stored;
import org.jspecify.annotations.Nullable;

/** Owned by one connection: the classic text commands, memcached 1.6's words. */
final class TextCommands {
    /** How the most frequent line begins. */
    static final String GET = "get ";

    /** Bytes of a line of keys; memcached, which takes them as they come, has no limit. */
    private static final int MOST_KEYS = 1 << 20;

    private static final String DELETE_USAGE = Replies.BAD_LINE + ".  Usage: delete <key> [noreply]";

    private final Store store;
    private final Replies out;
    private final Statistics statistics;
    private final Counts counts;
    private final StatsReport report;
    /** Of a command that is under way, how far: the offset of the next key in the line of {@code get}, the word of others. */
    private int reached;

    TextCommands(Store store, Replies out, Statistics statistics, Counts counts) {
        this.store = store;
        this.out = out;
        this.statistics = statistics;
        this.counts = counts;
        this.report = new StatsReport(store, statistics, out);
    }

    /** How a command that carries a value begins; null where the line is not such a command. */
    static @Nullable Mode storing(String name) {
        return switch (name) {
            case "set", "cas" -> Mode.SET;
            case "add" -> Mode.ADD;
            case "replace" -> Mode.REPLACE;
            case "append" -> Mode.APPEND;
            case "prepend" -> Mode.PREPEND;
            default -> null;
        };
    }

    /** Whether the words of a storing command are as many as it has. */
    static boolean complete(Line line) {
        int words = line.name().equals("cas") ? 6 : 5;
        return line.count() == words || line.count() == words + 1;
    }

    /** What is wrong with a storing command of enough words; null for nothing. */
    static @Nullable String problem(Line line) {
        boolean cas = line.name().equals("cas");
        Long flags = Line.unsigned(line.word(2));
        if (line.key(1) == null
                || flags == null
                || flags < 0
                || flags > 0xffffffffL
                || Line.number(line.word(3)) == null) {
            return Replies.BAD_LINE;
        }
        Integer length = Line.number(line.word(4));
        if (length == null || length < 0 || length > StoringLine.MOST_BYTES) {
            return Replies.BAD_LINE;
        }
        return cas && Line.unsigned(line.word(5)) == null ? Replies.BAD_LINE : null;
    }

    /** Stores a value; its line has been checked. */
    void store(Line line, Mode mode, byte[] value) {
        byte[] key = line.key(1);
        Long flags = Line.unsigned(line.word(2));
        Integer time = Line.number(line.word(3));
        Long cas = line.name().equals("cas") ? Line.unsigned(line.word(5)) : null;
        if (key == null || flags == null || time == null) {
            out.line(Replies.BAD_LINE);
            return;
        }
        String refusal = store.refusal(key);
        if (refusal != null) {
            answer(line, refusal);
            return;
        }
        Stored stored = store.room(key, value.length)
                ? store.with(
                        key,
                        segment -> store.store(
                                segment, mode, value, flags.intValue(), Store.deadline(time, store.now()), cas))
                : Stored.NO_MEMORY;
        counts.stored(stored, cas != null);
        if (stored == Stored.NO_MEMORY && mode == Mode.SET && cas == null) {
            store.remove(key);
        }
        answer(line, stored == Stored.NO_MEMORY ? "SERVER_ERROR out of memory storing object" : stored.name());
    }

    private void answer(Line line, String text) {
        if (!line.silent()) {
            out.line(text);
        }
    }

    /** Runs a command without a value; answers false where there is none of its name. */
    boolean run(Line line) {
        switch (line.name()) {
            case "get", "gets" -> get(line, 1, null);
            case "gat", "gats" -> {
                Integer time = line.count() > 1 ? Line.number(line.word(1)) : null;
                if (line.count() < 2) {
                    out.line(Replies.ERROR);
                } else if (time == null) {
                    out.line("CLIENT_ERROR invalid exptime argument");
                } else {
                    get(line, 2, time);
                }
            }
            case "incr" -> count(line, true);
            case "decr" -> count(line, false);
            case "delete" -> delete(line);
            case "touch" -> touch(line);
            case "flush_all" -> flush(line);
            case "verbosity" -> answer(line, line.count() < 2 || line.count() > 3 ? Replies.ERROR : "OK");
            case "version" -> out.line("VERSION " + Statistics.VERSION);
            case "stats" -> report.write(line);
            case "shutdown" -> out.line("ERROR: shutdown not enabled");
            default -> {
                return false;
            }
        }
        return true;
    }

    /** Whether a line that has not ended may go on, as it is one of keys, of which there may be many. */
    static boolean areMany(byte[] line, int from, int to) {
        boolean withCas = to - from > GET.length() && line[from + GET.length() - 1] == 's';
        return to - from <= MOST_KEYS
                && (isGet(line, from, to)
                        || (withCas
                                && line[from] == 'g'
                                && line[from + 1] == 'e'
                                && line[from + 2] == 't'
                                && line[from + GET.length()] == ' '));
    }

    /** Whether a line asks for the values of what it names, with nothing before that. */
    static boolean isGet(byte[] line, int from, int to) {
        return to - from > GET.length()
                && line[from] == 'g'
                && line[from + 1] == 'e'
                && line[from + 2] == 't'
                && line[from + 3] == ' ';
    }

    /**
     * {@code get}, of the keys that stand behind it. Answers whether that is all: where not, what there is is to be sent before it is given
     * again.
     */
    boolean get(byte[] line, int from, int to) {
        int mark = out.size();
        boolean named = reached > 0;
        int end = 0;
        for (int at = from + Math.max(reached, GET.length()); at < to; at = end + 1) {
            if (out.size() >= Replies.CHUNK && (reached > 0 || areKeys(line, at, to))) {
                reached = at - from;
                return false;
            }
            end = end(line, at, to);
            if (end - at > Line.MAX_KEY) {
                out.rewind(mark);
                out.line(Replies.BAD_LINE);
                return true;
            }
            if (end > at) {
                named = true;
                get(line, at, end - at, store.lock(line, at, end - at));
            }
        }
        reached = 0;
        if (named) {
            out.end();
        } else {
            out.line(Replies.ERROR);
        }
        return true;
    }

    private static int end(byte[] line, int at, int to) {
        int end = at;
        while (end < to && line[end] != ' ') {
            end++;
        }
        return end;
    }

    /** Whether none is too long, which cannot be told any more once values were sent. */
    private static boolean areKeys(byte[] line, int from, int to) {
        int end;
        for (int at = from; at < to; at = end + 1) {
            end = end(line, at, to);
            if (end - at > Line.MAX_KEY) {
                return false;
            }
        }
        return true;
    }

    /** Whether the line is to be given again, as its command has only begun. */
    boolean isUnderWay() {
        return reached > 0;
    }

    private void get(byte[] line, int keyAt, int length, Segment segment) {
        try {
            Entry item = store.read(segment);
            counts.got(item != null);
            if (item != null) {
                out.value(line, keyAt, length, item.flags(), item);
                item.fetched(true);
            }
        } finally {
            segment.unlock();
        }
    }

    private void get(Line line, int first, @Nullable Integer time) {
        if (line.count() <= first && time == null) {
            out.line(Replies.ERROR);
            return;
        }
        String refusal = time == null || reached > 0 ? null : store.refusal();
        if (refusal != null) {
            out.line(refusal);
            return;
        }
        int mark = out.size();
        for (int i = Math.max(reached, first); i < line.count(); i++) {
            if (out.size() >= Replies.CHUNK && (reached > 0 || areKeys(line, i))) {
                reached = i;
                return;
            }
            byte[] key = line.key(i);
            if (key == null) {
                out.rewind(mark);
                out.line(Replies.BAD_LINE);
                return;
            }
            boolean withCas = line.name().endsWith("s");
            String word = line.word(i);
            store.with(key, segment -> {
                Entry item = store.read(segment);
                counts.got(item != null);
                if (time != null) {
                    counts.add(Count.CMD_TOUCH);
                    counts.add(item != null, Count.TOUCH_HITS, Count.TOUCH_MISSES);
                }
                if (item != null) {
                    out.line("VALUE " + word + " " + Integer.toUnsignedString(item.flags()) + " " + item.length()
                            + (withCas ? " " + store.cas(segment, item) : ""));
                    out.block(item);
                    item.fetched(true);
                    if (time != null) {
                        store.expireAt(segment, store.until(Store.deadline(time, store.now())));
                    }
                }
                return item != null;
            });
        }
        reached = 0;
        out.line("END");
    }

    private static boolean areKeys(Line line, int from) {
        for (int i = from; i < line.count(); i++) {
            if (line.key(i) == null) {
                return false;
            }
        }
        return true;
    }

    private void count(Line line, boolean up) {
        if (line.count() != 3 && line.count() != 4) {
            out.line(Replies.ERROR);
            return;
        }
        byte[] key = line.key(1);
        Long delta = Line.unsigned(line.word(2));
        if (key == null || delta == null) {
            answer(line, key == null ? Replies.BAD_LINE : "CLIENT_ERROR invalid numeric delta argument");
            return;
        }
        String refusal = store.refusal(key);
        if (refusal != null) {
            answer(line, refusal);
            return;
        }
        answer(line, store.with(key, segment -> {
            Entry item = store.find(segment);
            Long old = item == null ? null : Store.number(item);
            if (item == null) {
                counts.add(up ? Count.INCR_MISSES : Count.DECR_MISSES);
                return "NOT_FOUND";
            }
            if (old == null) {
                return "CLIENT_ERROR cannot increment or decrement non-numeric value";
            }
            counts.add(up ? Count.INCR_HITS : Count.DECR_HITS);
            byte[] value = Store.added(item, old, delta, up);
            store.count(segment, item, value);
            return new String(value, java.nio.charset.StandardCharsets.ISO_8859_1).trim();
        }));
    }

    private void delete(Line line) {
        if (line.count() < 2 || line.count() > 4) {
            out.line(Replies.ERROR);
            return;
        }
        // Once there was a time; a nought is what old clients still send.
        boolean zero = line.count() > 2 && line.word(2).equals("0");
        boolean right = line.count() == 2
                || (line.count() == 3 && (zero || line.silent()))
                || (line.count() == 4 && zero && line.silent());
        byte[] key = line.key(1);
        if (!right || key == null) {
            answer(line, right ? Replies.BAD_LINE : DELETE_USAGE);
            return;
        }
        String refusal = store.refusal(key);
        if (refusal != null) {
            answer(line, refusal);
            return;
        }
        answer(line, store.with(key, segment -> {
            Entry item = store.find(segment);
            counts.add(item != null, Count.DELETE_HITS, Count.DELETE_MISSES);
            if (item != null) {
                store.delete(segment, item);
            } else {
                store.gone();
            }
            return item == null ? "NOT_FOUND" : "DELETED";
        }));
    }

    private void touch(Line line) {
        if (line.count() != 3 && line.count() != 4) {
            out.line(Replies.ERROR);
            return;
        }
        byte[] key = line.key(1);
        Integer time = Line.number(line.word(2));
        if (key == null || time == null) {
            answer(line, key == null ? Replies.BAD_LINE : "CLIENT_ERROR invalid exptime argument");
            return;
        }
        String refusal = store.refusal();
        if (refusal != null) {
            answer(line, refusal);
            return;
        }
        answer(line, store.with(key, segment -> {
            Entry item = store.find(segment);
            counts.add(Count.CMD_TOUCH);
            counts.add(item != null, Count.TOUCH_HITS, Count.TOUCH_MISSES);
            if (item != null) {
                store.expireAt(segment, store.until(Store.deadline(time, store.now())));
            }
            return item == null ? "NOT_FOUND" : "TOUCHED";
        }));
    }

    private void flush(Line line) {
        boolean timed = line.count() > (line.silent() ? 2 : 1);
        Integer delay = timed ? Line.number(line.word(1)) : Integer.valueOf(0);
        if (delay == null) {
            out.line("CLIENT_ERROR invalid exptime argument");
            return;
        }
        String refusal = store.refusal();
        if (refusal != null) {
            answer(line, refusal);
            return;
        }
        long now = store.node().clock().millis();
        long due = delay > 0 ? Store.deadline(delay, now) : now;
        statistics.planFlush(due > now ? due : Statistics.NO_FLUSH);
        if (due <= now) {
            store.flush();
        }
        // Not before: where a script holds a segment the command is given again.
        counts.add(Count.CMD_FLUSH);
        answer(line, "OK");
    }

    /** What is wrong with a line that stores; null for nothing. */
    static @Nullable String fault(Line line) {
        return complete(line) ? problem(line) : Replies.ERROR;
    }
}
