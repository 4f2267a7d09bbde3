package io.plinth.kvcache.command.keys;

import io.netty.buffer.ByteBuf;
import io.plinth.kvcache.command.Call;
import io.plinth.kvcache.command.CommandException;
import io.plinth.kvcache.command.CommandTable;
import io.plinth.kvcache.command.KeyEvents;
import io.plinth.kvcache.keyspace.Entry;
import io.plinth.kvcache.keyspace.KeyRef;
import io.plinth.kvcache.keyspace.value.ListValue;
import io.plinth.kvcache.keyspace.value.ValueType;
import io.plinth.kvcache.keyspace.write.Strings;
import io.plinth.kvcache.wire.Bulk;
import io.plinth.kvcache.wire.ClientMemory;
import io.plinth.kvcache.wire.Doubles;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.Comparator;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** SORT: elements in order of themselves or of what other keys hold. Runs with every segment locked where it has options. */
public final class SortCommand {
    private SortCommand() {}

    /** Adds both forms. */
    public static void register(CommandTable.Builder to) {
        to.add("sort", "Returns or stores elements in order.", call -> run(call, false));
        to.add("sort_ro", "Returns elements in order.", call -> run(call, true));
    }

    private record Options(
            @Nullable String by,
            List<String> gets,
            long offset,
            long count,
            boolean down,
            boolean alpha,
            int storeArg) {
        boolean unsorted() {
            return by != null && by.indexOf('*') < 0;
        }
    }

    private record Item(byte[] element, double score, byte @Nullable [] text) {}

    private static Options options(Call call, boolean readOnly) {
        String by = null;
        List<String> gets = new ArrayList<>();
        long offset = 0;
        long count = -1;
        boolean down = false;
        boolean alpha = false;
        int storeArg = 0;
        for (int i = 2; i < call.count(); i++) {
            int left = call.count() - i - 1;
            if (call.args().is(i, "ASC")) {
                down = false;
            } else if (call.args().is(i, "DESC")) {
                down = true;
            } else if (call.args().is(i, "ALPHA")) {
                alpha = true;
            } else if (call.args().is(i, "LIMIT") && left >= 2) {
                offset = call.integer(i + 1);
                count = call.integer(i + 2);
                i += 2;
            } else if (!readOnly && call.args().is(i, "STORE") && left >= 1) {
                storeArg = ++i;
            } else if ((call.args().is(i, "BY") || call.args().is(i, "GET")) && left >= 1) {
                boolean get = call.args().is(i, "GET");
                String pattern = call.text(++i);
                if (call.node().topology().get().clustered()
                        && (get ? !pattern.equals("#") : pattern.indexOf('*') >= 0)) {
                    throw new CommandException(
                            "ERR " + (get ? "GET" : "BY") + " option of SORT denied in cluster mode when"
                                    + " keys formed by the pattern may be in different slots.");
                }
                if (get) {
                    gets.add(pattern);
                } else {
                    by = pattern;
                }
            } else {
                throw CommandException.syntax();
            }
        }
        return new Options(by, gets, offset, count, down, alpha, storeArg);
    }

    private static void run(Call call, boolean readOnly) {
        Copies copies = new Copies(call.node().memory());
        try {
            run(call, readOnly, copies);
        } finally {
            copies.give();
        }
    }

    private static void run(Call call, boolean readOnly, Copies copies) {
        Options options = options(call, readOnly);
        KeyRef key = call.key(1);
        Entry entry = call.segment(key).read(key, call.now());
        ValueType type = entry == null ? ValueType.LIST : entry.type();
        if (type != ValueType.LIST && type != ValueType.SET && type != ValueType.SORTED_SET) {
            throw CommandException.wrongType();
        }
        List<byte[]> elements = entry == null ? List.of() : elements(entry, options);
        List<byte[]> sorted = sorted(call, elements, options, type == ValueType.SET, copies);
        int from = (int) Math.min(Math.max(options.offset, 0), sorted.size());
        int to = options.count < 0 ? sorted.size() : (int) Math.min(sorted.size(), from + options.count);
        List<byte[]> chosen = sorted.subList(from, Math.max(from, to));
        List<String> gets = options.gets.isEmpty() ? List.of("#") : options.gets;
        if (options.storeArg > 0) {
            store(call, options.storeArg, chosen, gets, copies);
            return;
        }
        call.out().array((long) chosen.size() * gets.size());
        for (byte[] element : chosen) {
            gets.forEach(pattern -> call.out().bulkOrNull(look(call, pattern, element)));
        }
    }

    private static List<byte[]> elements(Entry entry, Options options) {
        List<byte[]> elements = new ArrayList<>();
        switch (entry.type()) {
            case LIST -> {
                entry.list().range(0, entry.list().size(), elements::add);
                if (options.unsorted() && options.down) {
                    Collections.reverse(elements);
                }
            }
            case SET -> entry.set().forEach(elements::add);
            default -> {
                int size = (int) entry.sortedSet().size();
                boolean down = options.unsorted() && options.down;
                entry.sortedSet().range(down ? size - 1 : 0, size, down, (member, score) -> elements.add(member));
            }
        }
        return elements;
    }

    private static List<byte[]> sorted(Call call, List<byte[]> elements, Options options, boolean set, Copies copies) {
        // What is stored or seen by a script is not to depend on how a set lies in memory.
        boolean kept = options.storeArg > 0 || call.client().principal() != call.client();
        boolean forced = set && kept && options.unsorted();
        if (options.unsorted() && !forced) {
            return elements;
        }
        boolean alpha = options.alpha || forced;
        List<Item> items = new ArrayList<>();
        for (byte[] element : elements) {
            Bulk found = options.by == null || forced ? new Held(element) : look(call, options.by, element);
            if (!alpha && found != null && found.length() > Doubles.MAX_TEXT) {
                throw notNumbers();
            }
            byte[] weight = copies.of(found);
            double score = 0;
            // Nothing counts as zero, as strtod has it.
            if (!alpha && weight != null && weight.length > 0) {
                score = Doubles.parse(weight, 0, weight.length);
                if (Double.isNaN(score)) {
                    throw notNumbers();
                }
            }
            items.add(new Item(element, score, weight));
        }
        Comparator<Item> order = alpha
                ? Comparator.comparing(Item::text, Comparator.nullsFirst(Arrays::compareUnsigned))
                : Comparator.comparingDouble(Item::score);
        if (!alpha) {
            order = order.thenComparing(Item::element, Arrays::compareUnsigned);
        }
        // Texts that are equal stay as they were, also from the last to the first.
        items.sort(options.down ? order.reversed() : order);
        return items.stream().map(Item::element).toList();
    }

    private static CommandException notNumbers() {
        return new CommandException("ERR One or more scores can't be converted into double");
    }

    /** Bytes that are an element or a field's. */
    private record Held(byte[] bytes) implements Bulk {
        @Override
        public int length() {
            return bytes.length;
        }

        @Override
        public void writeTo(ByteBuf out) {
            out.writeBytes(bytes);
        }
    }

    /** What of the strings that are sorted by or stored is on the heap: long ones count as what clients take. */
    private static final class Copies {
        private final ClientMemory memory;
        private long taken;

        Copies(ClientMemory memory) {
            this.memory = memory;
        }

        byte @Nullable [] of(@Nullable Bulk found) {
            if (found instanceof Entry entry && Strings.isLong(entry)) {
                if (!memory.take(entry.length())) {
                    throw new CommandException("OOM command not allowed when used memory > 'maxmemory'.");
                }
                taken += entry.length();
            }
            return found instanceof Entry entry ? entry.string() : found instanceof Held held ? held.bytes : null;
        }

        void give() {
            memory.give(taken);
        }
    }

    /** What a pattern names for an element: a string, where it lies, or with {@code ->} a field of a hash. */
    private static @Nullable Bulk look(Call call, String pattern, byte[] element) {
        if (pattern.equals("#")) {
            return new Held(element);
        }
        int star = pattern.indexOf('*');
        if (star < 0) {
            return null;
        }
        int arrow = pattern.indexOf("->", star);
        boolean field = arrow >= 0 && arrow + 2 < pattern.length();
        String name = field ? pattern.substring(0, arrow) : pattern;
        byte[] bytes = (name.substring(0, star)
                        + new String(element, StandardCharsets.ISO_8859_1)
                        + name.substring(star + 1))
                .getBytes(StandardCharsets.ISO_8859_1);
        KeyRef ref = new KeyRef().set(call.keyspace().hasher(), call.client().db(), bytes, 0, bytes.length);
        Entry entry = call.segment(ref).read(ref, call.now());
        if (entry == null) {
            return null;
        }
        if (field) {
            byte[] inner = pattern.substring(arrow + 2).getBytes(StandardCharsets.ISO_8859_1);
            byte[] value = entry.type() == ValueType.HASH ? entry.hash().get(inner, 0, inner.length) : null;
            return value == null ? null : new Held(value);
        }
        return entry.isString() ? entry : null;
    }

    private static void store(Call call, int arg, List<byte[]> chosen, List<String> gets, Copies copies) {
        KeyRef target = call.key(arg);
        ListValue list = new ListValue();
        for (byte[] element : chosen) {
            for (String pattern : gets) {
                byte[] each = copies.of(look(call, pattern, element));
                list.push(
                        false,
                        each == null ? new byte[0] : each,
                        call.keyspace().packing());
            }
        }
        Entry old = call.segment(target).peek(target, call.now());
        if (!chosen.isEmpty()) {
            call.segment(target).putValue(target, list, Entry.NEVER, call.now());
            call.event(KeyEvents.LIST, "sortstore", arg);
        } else if (old != null) {
            call.segment(target).delete(old);
            call.event(KeyEvents.GENERIC, "del", arg);
        }
        call.out().integer((long) chosen.size() * gets.size());
    }
}
