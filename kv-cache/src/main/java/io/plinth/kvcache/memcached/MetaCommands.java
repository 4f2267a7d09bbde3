package io.plinth.kvcache.memcached;

import io.plinth.kvcache.keyspace.Entry;
import io.plinth.kvcache.keyspace.Segment;
import io.plinth.kvcache.keyspace.store.ItemMarks;
import io.plinth.kvcache.memcached.Store.Mode;
import io.plinth.kvcache.memcached.Store.Stored;
import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;

/** Owned by one connection: the meta commands but for the data block of ms. */
final class MetaCommands {
    private static final String BAD_TOKEN = "CLIENT_ERROR bad token in command line format";
    private static final String BAD_FLAG = "CLIENT_ERROR invalid or duplicate flag";
    private static final String NO_MEMORY = "SERVER_ERROR out of memory storing object";
    private static final int DIGITS = 20;
    private static final byte[] NOTHING = new byte[0];

    private final Store store;
    private final Replies out;
    private final Counts counts;

    MetaCommands(Store store, Replies out, Counts counts) {
        this.store = store;
        this.out = out;
        this.counts = counts;
    }

    /** Runs a command without a value; answers false where there is none of its name. */
    boolean run(Line line) {
        switch (line.name()) {
            case "mn" -> {
                counts.add(Count.CMD_META);
                out.line("MN");
            }
            case "mg", "md", "ma", "me" -> {
                answer(line);
                // Not before: where a script holds the segment the command is given again.
                counts.add(Count.CMD_META);
            }
            default -> {
                return false;
            }
        }
        return true;
    }

    private void answer(Line line) {
        if (line.count() < 2) {
            out.line(line.name().equals("me") ? Replies.BAD_LINE : Replies.ERROR);
            return;
        }
        Object parsed = MetaLine.of(line, 2);
        String refusal = parsed instanceof MetaLine known ? refusal(line, known) : null;
        if (!(parsed instanceof MetaLine meta)) {
            out.line(counting(line) ? BAD_FLAG : String.valueOf(parsed));
        } else if (!meta.numbers("TNRCDJ")) {
            out.line(counting(line) ? BAD_FLAG : BAD_TOKEN);
        } else if (refusal != null) {
            out.line(refusal);
        } else {
            switch (line.name()) {
                case "mg" -> get(meta);
                case "md" -> delete(meta);
                case "ma" -> count(meta);
                default -> debug(meta);
            }
        }
    }

    /** Why a command makes no change; null where it may, or makes none. */
    private @Nullable String refusal(Line line, MetaLine meta) {
        if (counting(line) || meta.has('N')) {
            return store.refusal(meta.key());
        }
        return meta.has('T') && line.name().equals("mg") ? store.refusal() : null;
    }

    /** md and ma say less of what is wrong. */
    private static boolean counting(Line line) {
        return line.name().equals("md") || line.name().equals("ma");
    }

    /** Whether a key that is not there could be made, where the command makes one: asked before a segment is locked. */
    private boolean room(MetaLine meta) {
        return !meta.has('N') || store.room(meta.key(), DIGITS);
    }

    private void get(MetaLine meta) {
        boolean room = room(meta);
        store.with(meta.key(), segment -> {
            // What a use notes is asked for before it is noted.
            Entry item = store.look(segment);
            counts.got(item != null);
            Integer vivify = meta.seconds('N');
            if (item == null && vivify != null && !room) {
                out.line(NO_MEMORY);
                return false;
            }
            if (item == null && vivify != null) {
                made(segment, NOTHING, vivify, () -> {
                    Entry made = store.find(segment);
                    if (made != null) {
                        answer(meta, segment, made, true);
                    }
                });
                return true;
            }
            if (item == null) {
                if (!meta.has('q')) {
                    out.line("EN" + flags(meta, null));
                }
                return false;
            }
            answer(meta, segment, item, false);
            return true;
        });
    }

    private void answer(MetaLine meta, Segment segment, Entry item, boolean made) {
        Integer ttl = meta.seconds('T');
        int length = item.length();
        long deadline = item.expireAt();
        // The time left is looked at before a new one is set.
        boolean win = made || recached(meta, item, deadline);
        if (ttl != null && !made) {
            deadline = store.until(Store.deadline(ttl, store.now()));
        }
        StringBuilder text = new StringBuilder(meta.has('v') ? "VA " + length : "HD");
        for (char flag : meta.order()) {
            switch (flag) {
                case 'c' -> text.append(" c").append(store.cas(segment, item));
                case 'f' -> text.append(" f").append(Integer.toUnsignedString(item.flags()));
                case 'h' -> text.append(" h").append(item.fetched() ? 1 : 0);
                case 'l' -> text.append(" l").append(store.idleSeconds(item));
                case 's' -> text.append(" s").append(length);
                case 't' -> text.append(" t").append(left(deadline));
                default -> meta.echo(text, flag);
            }
        }
        boolean told = won(item) && !win;
        text.append(told ? " Z" : "").append(stale(item) ? " X" : "").append(win ? " W" : "");
        out.line(text.toString());
        if (meta.has('v')) {
            out.block(item);
        }
        if (win) {
            store.bits(segment, item, item.bits() | ItemMarks.WON);
        }
        if (!meta.has('u')) {
            item.fetched(true);
            store.find(segment);
        }
        if (deadline != item.expireAt()) {
            store.expireAt(segment, deadline);
        }
    }

    private static boolean won(Entry item) {
        return (item.bits() & ItemMarks.WON) != 0;
    }

    private static boolean stale(Entry item) {
        return (item.bits() & ItemMarks.STALE) != 0;
    }

    private boolean recached(MetaLine meta, Entry item, long deadline) {
        Integer least = meta.seconds('R');
        boolean soon = least != null && deadline != Entry.NEVER && left(deadline) < least;
        return !won(item) && (stale(item) || soon);
    }

    private long left(long deadline) {
        return deadline == Entry.NEVER ? -1 : Math.max(0, (deadline - store.now() + 999) / 1000);
    }

    /** The mode of a meta set, or null where there is none such. */
    static @Nullable Mode mode(MetaLine meta) {
        return switch (meta.token('M')) {
            case "", "S", "s" -> Mode.SET;
            case "E", "e" -> Mode.ADD;
            case "A", "a" -> Mode.APPEND;
            case "P", "p" -> Mode.PREPEND;
            case "R", "r" -> Mode.REPLACE;
            default -> null;
        };
    }

    /** ms with its value. */
    void set(MetaLine meta, byte[] value) {
        Mode mode = mode(meta);
        Long flags = meta.has('F') ? meta.number('F') : Long.valueOf(0);
        if (mode == null || flags == null || !meta.numbers("TC")) {
            out.line(
                    mode == null
                            ? "CLIENT_ERROR invalid mode for ms M token"
                            : flags == null ? Replies.BAD_LINE : BAD_TOKEN);
            return;
        }
        String refusal = store.refusal(meta.key());
        if (refusal != null) {
            out.line(refusal);
            return;
        }
        Integer ttl = meta.seconds('T');
        Long cas = meta.number('C');
        Stored[] stored = {Stored.NO_MEMORY};
        long[] number = {0};
        boolean room = store.room(meta.key(), value.length);
        if (room) {
            store.with(meta.key(), segment -> {
                Entry item = store.find(segment);
                boolean older = item != null && older(meta, mode, cas, store.cas(segment, item));
                // What is stored as out of date keeps the time that was left, and who was told to make it anew.
                int won = older && item != null ? item.bits() & ItemMarks.WON : 0;
                long deadline =
                        older && item != null ? item.expireAt() : Store.deadline(ttl == null ? 0 : ttl, store.now());
                return store.whole(segment, older, () -> {
                    stored[0] = store.store(segment, mode, value, flags.intValue(), deadline, older ? null : cas);
                    Entry now = store.find(segment);
                    if (stored[0] == Stored.STORED && now != null) {
                        if (older) {
                            outdated(segment, now, deadline, won);
                        }
                        number[0] = meta.has('c') ? store.cas(segment, now) : 0;
                    }
                    return number[0];
                });
            });
        }
        counts.add(Count.CMD_META);
        counts.stored(stored[0], cas != null);
        String code = switch (stored[0]) {
            case STORED -> "HD";
            case NOT_STORED -> "NS";
            case EXISTS -> "EX";
            case NOT_FOUND -> "NF";
            case NO_MEMORY -> NO_MEMORY;
        };
        if (stored[0] == Stored.NO_MEMORY) {
            if (!room) {
                store.remove(meta.key());
            }
            out.line(code);
        } else if (!code.equals("HD") || !meta.has('q')) {
            out.line(code + flags(meta, number[0]));
        }
    }

    /** Whether it may be stored though it is out of date: where it takes the place of one with a later number. */
    private static boolean older(MetaLine meta, Mode mode, @Nullable Long cas, long current) {
        boolean replaces = mode == Mode.SET || mode == Mode.REPLACE;
        return meta.has('I') && replaces && cas != null && cas != 0 && Long.compareUnsigned(cas, current) < 0;
    }

    /** A value was stored that is out of date. */
    private void outdated(Segment segment, Entry item, long deadline, int won) {
        segment.mark(item, item.flags(), item.cas(), ItemMarks.STALE | won);
        store.tell(segment, item);
        store.expireAt(segment, deadline);
    }

    private static String flags(MetaLine meta, @Nullable Long cas) {
        StringBuilder text = new StringBuilder();
        for (char flag : meta.order()) {
            if (flag == 'c' && cas != null) {
                text.append(" c").append(cas);
            } else {
                meta.echo(text, flag);
            }
        }
        return text.toString();
    }

    private void delete(MetaLine meta) {
        Long cas = meta.number('C');
        Integer ttl = meta.seconds('T');
        String code = store.with(meta.key(), segment -> {
            Entry item = store.find(segment);
            if (item == null) {
                counts.add(Count.DELETE_MISSES);
                store.gone();
                return "NF";
            }
            if (cas != null && !Store.is(item, cas)) {
                return "EX";
            }
            counts.add(Count.DELETE_HITS);
            if (!meta.has('I')) {
                store.delete(segment, item);
                return "HD";
            }
            segment.mark(item, item.flags(), 0, ItemMarks.STALE);
            return store.whole(segment, ttl != null, () -> {
                store.tell(segment, item);
                if (ttl != null) {
                    store.expireAt(segment, store.until(Store.deadline(ttl, store.now())));
                }
                return "HD";
            });
        });
        if (!meta.has('q') || !code.equals("HD")) {
            out.line(code + flags(meta, null));
        }
    }

    private void count(MetaLine meta) {
        boolean down = meta.token('M').matches("[Dd-]");
        if (!down && !meta.token('M').matches("[Ii+]?")) {
            out.line("CLIENT_ERROR invalid mode for ma M token");
            return;
        }
        Long given = meta.number('D');
        long delta = given == null ? 1 : given;
        boolean room = room(meta);
        store.with(meta.key(), segment -> {
            Entry item = store.find(segment);
            Integer vivify = meta.seconds('N');
            if (item == null && vivify != null && !room) {
                out.line(NO_MEMORY);
                return false;
            }
            if (item == null && vivify != null) {
                Long initial = meta.number('J');
                byte[] first =
                        Long.toUnsignedString(initial == null ? 0 : initial).getBytes(StandardCharsets.ISO_8859_1);
                made(segment, first, vivify, () -> counted(meta, segment, true));
                return true;
            }
            Long cas = meta.number('C');
            boolean empty = item != null && item.length() == 0;
            if (item == null) {
                counts.add(down ? Count.DECR_MISSES : Count.INCR_MISSES);
            }
            if (item == null || (cas != null && cas != 0 && !Store.is(item, cas) && !empty)) {
                out.line((item == null ? "NF" : "EX") + flags(meta, null));
                return false;
            }
            Long old = Store.number(item);
            if (old == null) {
                out.line("CLIENT_ERROR cannot increment or decrement non-numeric value");
                return false;
            }
            counts.add(down ? Count.DECR_HITS : Count.INCR_HITS);
            store.count(segment, item, Store.added(item, old, delta, !down));
            Integer ttl = meta.seconds('T');
            long deadline = ttl == null ? Entry.NEVER : store.until(Store.deadline(ttl, store.now()));
            boolean over = deadline < store.now();
            if (ttl != null && !over) {
                store.expireAt(segment, deadline);
            }
            counted(meta, segment, false);
            if (over) {
                store.expireAt(segment, deadline);
            }
            return true;
        });
    }

    /** Makes an item and answers; one that is over at once goes then. */
    private void made(Segment segment, byte[] value, int seconds, Runnable answer) {
        long deadline = Store.deadline(seconds, store.now());
        boolean over = deadline < store.now();
        store.put(segment, value, 0, over ? Entry.NEVER : deadline);
        answer.run();
        if (over) {
            store.expireAt(segment, deadline);
        }
    }

    /** Of who asks for quiet only those hear that made the number. */
    private void counted(MetaLine meta, Segment segment, boolean made) {
        Entry item = store.find(segment);
        if (item == null || (meta.has('q') && !made)) {
            return;
        }
        String digits = new String(item.string(), StandardCharsets.ISO_8859_1).trim();
        StringBuilder text = new StringBuilder(meta.has('v') ? "VA " + digits.length() : "HD");
        for (char flag : meta.order()) {
            switch (flag) {
                case 'c' -> text.append(" c").append(store.cas(segment, item));
                case 't' -> text.append(" t").append(left(item.expireAt()));
                default -> meta.echo(text, flag);
            }
        }
        out.line(text.toString());
        if (meta.has('v')) {
            out.line(digits);
        }
    }

    private void debug(MetaLine meta) {
        store.with(meta.key(), segment -> {
            Entry item = store.peek(segment);
            if (item == null) {
                out.line("EN");
                return false;
            }
            out.line("ME " + meta.shown() + " exp=" + left(item.expireAt()) + " la="
                    + store.idleSeconds(item) + " cas=" + store.cas(segment, item) + " fetch="
                    + (item.fetched() ? "yes" : "no") + " cls=1 size="
                    + item.bytes());
            return true;
        });
    }
}
