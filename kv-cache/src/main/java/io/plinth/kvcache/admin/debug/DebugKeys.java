package io.plinth.kvcache.admin.debug;

import io.plinth.kvcache.command.Call;
import io.plinth.kvcache.command.CommandException;
import io.plinth.kvcache.keyspace.Entry;
import io.plinth.kvcache.keyspace.KeyRef;
import io.plinth.kvcache.keyspace.Keyspace;
import io.plinth.kvcache.keyspace.Segment;
import io.plinth.kvcache.keyspace.rdb.RdbException;
import io.plinth.kvcache.keyspace.rdb.RdbReader;
import io.plinth.kvcache.keyspace.rdb.RdbWriter;
import io.plinth.kvcache.keyspace.value.ListValue;
import io.plinth.kvcache.keyspace.value.Value;
import io.plinth.kvcache.keyspace.write.Strings;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.function.BiConsumer;
import java.util.stream.IntStream;

/** The forms of DEBUG that look at keys, or make some. */
final class DebugKeys {
    private static final String NO_KEY = "ERR no such key";
    /** What RdbWriter's form has around a value: its type, a version and a checksum. */
    private static final int AROUND = 11;
    /** What says how long a long string is. */
    private static final int LENGTH_OF_LONG = 5;

    private static final int LRU_MASK = (1 << 24) - 1;
    private static final int MOST_MADE = 10_000_000;
    private static final int LONGEST_MADE = 1 << 20;
    private static final int ROOM_EVERY = 256;
    /** Redis shares the objects of smaller numbers, of which it says so many references. */
    private static final int SHARED = 10_000;

    private DebugKeys() {}

    /** Answers false where it knows no such form. */
    static boolean run(Call call, String form) {
        int count = call.count();
        switch (form) {
            case "OBJECT" -> {
                DebugCommands.expect(call, count == 3);
                look(call, DebugKeys::object);
            }
            case "SDSLEN" -> {
                DebugCommands.expect(call, count == 3);
                look(call, DebugKeys::string);
            }
            case "LISTPACK" -> {
                DebugCommands.expect(call, count == 3);
                look(call, (to, entry) -> packed(to, entry, "listpack", "Listpack"));
            }
            case "QUICKLIST" -> {
                DebugCommands.expect(call, count == 3 || count == 4);
                look(call, (to, entry) -> packed(to, entry, "quicklist", "Quicklist"));
            }
            case "HTSTATS-KEY" -> {
                DebugCommands.expect(call, count == 3);
                look(call, DebugKeys::table);
            }
            case "HTSTATS" -> {
                DebugCommands.expect(call, count == 3);
                tables(call);
            }
            case "DIGEST" -> {
                DebugCommands.expect(call, count == 2);
                call.out().simple(Digest.of(call.keyspace()));
            }
            case "DIGEST-VALUE" -> digests(call);
            case "POPULATE" -> {
                DebugCommands.expect(call, count >= 3 && count <= 5);
                populate(call);
            }
            case "RELOAD" -> reload(call);
            default -> {
                return false;
            }
        }
        return true;
    }

    /** Looks at a key without using it. */
    private static void look(Call call, BiConsumer<Call, Entry> action) {
        KeyRef key = call.key(2);
        Segment segment = call.segment(key);
        segment.lock();
        try {
            Entry entry = segment.peek(key, call.now());
            if (entry == null) {
                throw new CommandException(NO_KEY);
            }
            action.accept(call, entry);
        } finally {
            segment.unlock();
        }
    }

    private static void object(Call call, Entry entry) {
        String encoding = entry.encoding();
        long idle = call.keyspace().idleSeconds(entry, call.now());
        StringBuilder text = new StringBuilder("Value at:0x0 refcount:").append(references(entry, encoding));
        text.append(" encoding:").append(encoding);
        text.append(" serializedlength:").append(serialized(entry));
        text.append(" lru:").append((call.now() / 1000 - idle) & LRU_MASK);
        text.append(" lru_seconds_idle:").append(idle);
        if (encoding.equals("quicklist") && entry.value() instanceof ListValue list) {
            int nodes = list.runs();
            text.append(" ql_nodes:").append(nodes);
            text.append(String.format(Locale.ROOT, " ql_avg_node:%.2f", (double) list.size() / nodes));
            text.append(" ql_listpack_max:-2 ql_compressed:0 ql_uncompressed_size:");
            text.append(IntStream.range(0, nodes)
                    .mapToLong(number -> list.run(number).used())
                    .sum());
        }
        call.out().simple(text.toString());
    }

    private static long serialized(Entry entry) {
        return Strings.isLong(entry)
                ? (long) LENGTH_OF_LONG + entry.length()
                : RdbWriter.dump(entry.value()).length - AROUND;
    }

    private static int references(Entry entry, String encoding) {
        if (!encoding.equals("int")) {
            return 1;
        }
        String digits = new String(entry.string(), StandardCharsets.ISO_8859_1);
        boolean small = digits.length() < Integer.toString(SHARED).length() && !digits.startsWith("-");
        return small ? Integer.MAX_VALUE : 1;
    }

    private static void string(Call call, Entry entry) {
        if (!entry.isString() || entry.encoding().equals("int")) {
            throw new CommandException("ERR Not an sds encoded string.");
        }
        int key = entry.key().length;
        call.out()
                .simple("key_sds_len:" + key + ", key_sds_avail:0, key_zmalloc: " + key + ", val_sds_len:"
                        + entry.length() + ", val_sds_avail:0, val_zmalloc: " + (entry.bytes() - key));
    }

    private static void packed(Call call, Entry entry, String encoding, String name) {
        if (!entry.encoding().equals(encoding)) {
            throw new CommandException("ERR Not a " + encoding + " encoded object.");
        }
        call.out().simple(name + " structure printed on stdout");
    }

    private static void table(Call call, Entry entry) {
        String encoding = entry.encoding();
        if (!encoding.equals("hashtable") && !encoding.equals("skiplist")) {
            throw new CommandException(
                    "ERR The value stored at the specified key is not represented using an hash table");
        }
        call.out().verbatim(table(entry.value().size()));
    }

    private static void tables(Call call) {
        long database = call.integer(2);
        if (database < 0 || database >= Keyspace.DATABASES) {
            throw new CommandException("ERR Out of range database");
        }
        int db = call.client().order().stored((int) database);
        call.out()
                .verbatim("[Dictionary HT]\n" + table(call.keyspace().keys(db)) + "[Expires HT]\n"
                        + table(call.keyspace().expiring(db)));
    }

    /** Tables are of open addressing: no element is in a chain. */
    private static String table(long elements) {
        return "Hash table 0 stats (main hash table):\n"
                + (elements == 0
                        ? "No stats available for empty dictionaries\n"
                        : " number of elements: " + elements + "\n different slots: " + elements
                                + "\n max chain length: 1\n");
    }

    private static void digests(Call call) {
        call.out().array(call.count() - 2L);
        for (int i = 2; i < call.count(); i++) {
            KeyRef key = call.key(i);
            Segment segment = call.segment(key);
            segment.lock();
            try {
                Entry entry = segment.peek(key, call.now());
                call.out().simple(entry == null ? Digest.NONE : Digest.of(entry));
            } finally {
                segment.unlock();
            }
        }
    }

    private static void populate(Call call) {
        String wrong = "value is out of range, must be positive";
        long keys = call.integer(2, 0, Long.MAX_VALUE, wrong);
        String prefix = call.count() > 3 ? call.text(3) : "key";
        long size = call.count() > 4 ? call.integer(4, 0, Long.MAX_VALUE, wrong) : 0;
        if (keys > MOST_MADE || size > LONGEST_MADE) {
            throw new CommandException("ERR DEBUG POPULATE: " + keys + " keys of " + size + " bytes (expected: at most "
                    + MOST_MADE + " of " + LONGEST_MADE + ")");
        }
        int db = call.client().db();
        KeyRef ref = new KeyRef();
        for (int i = 0; i < keys; i++) {
            if (i % ROOM_EVERY == 0 && !call.keyspace().makeRoom(size * ROOM_EVERY)) {
                throw new CommandException("OOM command not allowed when used memory > 'maxmemory'.");
            }
            byte[] key = (prefix + ":" + i).getBytes(StandardCharsets.ISO_8859_1);
            byte[] text = ("value:" + i).getBytes(StandardCharsets.ISO_8859_1);
            byte[] value = size == 0 ? text : java.util.Arrays.copyOf(text, (int) size);
            ref.set(call.keyspace().hasher(), db, key, 0, key.length);
            Segment segment = call.keyspace().segment(ref.slot());
            segment.lock();
            try {
                if (segment.peek(ref, call.now()) == null) {
                    segment.putString(ref, value, Entry.NEVER, call.now());
                }
            } finally {
                segment.unlock();
            }
        }
        call.out().ok();
    }

    /** Writes every key in RDB's form and reads it back from there. */
    private static void reload(Call call) {
        for (int i = 2; i < call.count(); i++) {
            if (call.args().is(i, "NOSAVE")) {
                throw new CommandException("ERR DEBUG RELOAD: this node reads an RDB file at its first start"
                        + " (expected: without NOSAVE, or `import-rdb` in the file)");
            }
            if (!call.args().is(i, "MERGE") && !call.args().is(i, "NOFLUSH")) {
                throw new CommandException("ERR DEBUG RELOAD only supports the MERGE, NOFLUSH and NOSAVE options.");
            }
        }
        call.keyspace().each(segment -> reload(call, segment));
        call.out().ok();
    }

    private static void reload(Call call, Segment segment) {
        Keyspace keyspace = call.keyspace();
        List<KeyRef> keys = new ArrayList<>();
        segment.forEach(entry -> {
            byte[] key = entry.key();
            keys.add(new KeyRef().set(keyspace.hasher(), entry.db(), key, 0, key.length));
        });
        for (KeyRef key : keys) {
            Entry entry = segment.peek(key, call.now());
            if (entry == null || Strings.isLong(entry)) {
                // There all of a string is its bytes, and they would be on the heap more than once.
                continue;
            }
            byte[] dump = RdbWriter.dump(entry.value());
            long expireAt = entry.expireAt();
            try {
                Value value = RdbReader.restore(dump, keyspace.hasher(), keyspace.packing());
                segment.putValue(key, value, expireAt, call.now());
            } catch (RdbException e) {
                throw new CommandException("ERR Error trying to load the RDB dump: "
                        + CommandException.clean(String.valueOf(e.getMessage())));
            }
        }
    }
}
