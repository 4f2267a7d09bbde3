package io.plinth.kvcache.command.keys;

import static io.plinth.kvcache.command.Command.Flag.DANGEROUS;
import static io.plinth.kvcache.command.Command.Flag.DENYOOM;
import static io.plinth.kvcache.command.Command.Flag.EVERYTHING;
import static io.plinth.kvcache.command.Command.Flag.FAST;
import static io.plinth.kvcache.command.Command.Flag.KEYSPACE;
import static io.plinth.kvcache.command.Command.Flag.READONLY;
import static io.plinth.kvcache.command.Command.Flag.WRITE;

import io.plinth.kvcache.command.Call;
import io.plinth.kvcache.command.CommandException;
import io.plinth.kvcache.command.CommandTable;
import io.plinth.kvcache.command.Help;
import io.plinth.kvcache.command.KeyEvents;
import io.plinth.kvcache.command.ScanOptions;
import io.plinth.kvcache.keyspace.Entry;
import io.plinth.kvcache.keyspace.Glob;
import io.plinth.kvcache.keyspace.KeyRef;
import io.plinth.kvcache.keyspace.Keyspace;
import io.plinth.kvcache.keyspace.Segment;
import io.plinth.kvcache.keyspace.SegmentSet;
import io.plinth.kvcache.keyspace.store.StoredStrings.Arrival;
import io.plinth.kvcache.keyspace.value.StringForm;
import io.plinth.kvcache.keyspace.value.Value;
import io.plinth.kvcache.keyspace.write.Strings;
import java.util.ArrayList;
import java.util.List;

/** Keys of any type. */
public final class KeyCommands {
    private static final int[] NONE = {0, 0, 0};
    private static final int[] KEY = {1, 1, 1};
    private static final int[] TWO = {1, 2, 1};
    private static final int[] KEYS = {1, -1, 1};
    private static final int[] SECOND = {2, 2, 1};
    private static final int STEPS_PER_COUNT = 10;

    private KeyCommands() {}

    /** Adds them. */
    public static void register(CommandTable.Builder to) {
        int all = READONLY | EVERYTHING;
        to.group("generic", KEYSPACE);
        to.add("del", -2, WRITE, KEYS, "Removes keys.", KeyCommands::del);
        to.add("unlink", -2, WRITE | FAST, KEYS, "Removes keys.", KeyCommands::del);
        to.add("exists", -2, READONLY | FAST, KEYS, "Counts the keys that exist.", call -> count(call, false));
        to.add(
                "touch",
                -2,
                READONLY | FAST,
                KEYS,
                "Counts the keys that exist and marks them used.",
                call -> count(call, true));
        to.add("type", 2, READONLY | FAST, KEY, "Returns a key's type.", KeyCommands::type);
        to.add("keys", 2, all | DANGEROUS, NONE, "Returns all keys that match a pattern.", KeyCommands::keys);
        to.add("scan", -2, all, NONE, "Pages through the keys.", KeyCommands::scan);
        to.add("randomkey", 1, all, NONE, "Returns a random key.", KeyCommands::randomKey);
        to.add("rename", 3, WRITE, TWO, "Renames a key.", call -> rename(call, true));
        to.add(
                "renamenx",
                3,
                WRITE | FAST,
                TWO,
                "Renames a key when the new name is free.",
                call -> rename(call, false));
        to.add("copy", -3, WRITE | DENYOOM, TWO, "Copies a key.", KeyCommands::copy);
        to.add("move", "Moves a key to another database.", KeyCommands::move);
        to.add("object", -2, READONLY, SECOND, "Shows how a key is stored.", KeyCommands::object);
        to.subcommands("object", "encoding 3", "freq 3", "idletime 3", "refcount 3");
    }

    private static void del(Call call) {
        int removed = 0;
        for (int i = 1; i < call.count(); i++) {
            KeyRef key = call.key(i);
            Entry entry = call.segment(key).peek(key, call.now());
            if (entry != null) {
                call.segment(key).delete(entry);
                call.event(KeyEvents.GENERIC, "del", i);
                removed++;
            } else {
                call.policy().gone(key);
            }
        }
        call.out().integer(removed);
    }

    private static void count(Call call, boolean touch) {
        int found = 0;
        for (int i = 1; i < call.count(); i++) {
            KeyRef key = call.key(i);
            Entry entry = touch
                    ? call.segment(key).read(key, call.now())
                    : call.segment(key).look(key, call.now());
            found += entry == null ? 0 : 1;
        }
        call.out().integer(found);
    }

    private static void type(Call call) {
        KeyRef key = call.key(1);
        Entry entry = call.segment(key).look(key, call.now());
        call.out().simple(entry == null ? "none" : entry.type().label());
    }

    private static void keys(Call call) {
        Glob glob = new Glob(call.bytes(1));
        int db = call.client().db();
        List<byte[]> found = new ArrayList<>();
        call.keyspace().each(segment -> {
            if (segment.counted().database(db) > 0) {
                segment.forEach(entry -> {
                    if (entry.db() == db && call.now() <= entry.expireAt() && glob.matches(entry.key())) {
                        found.add(entry.key());
                    }
                });
            }
        });
        call.out().array(found.size());
        found.forEach(call.out()::bulk);
    }

    private static void scan(Call call) {
        long cursor = ScanOptions.cursor(call, 1);
        ScanOptions options = ScanOptions.parse(call, 2, true);
        Keyspace keyspace = call.keyspace();
        int db = call.client().db();
        List<byte[]> found = new ArrayList<>();
        long steps = Math.min(options.count(), Long.MAX_VALUE / 16) * STEPS_PER_COUNT;
        int[] visited = new int[1];
        do {
            if (!keyspace.nothingAt(cursor)) {
                steps--;
            }
            cursor = keyspace.scan(cursor, call.now(), entry -> {
                visited[0]++;
                if (entry.db() == db
                        && (options.type() == null
                                || options.type().equalsIgnoreCase(entry.type().label()))
                        && (options.match() == null || options.match().matches(entry.key()))) {
                    found.add(entry.key());
                }
            });
        } while (cursor != 0 && visited[0] < options.count() && steps > 0);
        call.out().array(2);
        call.out().bulkLong(cursor);
        call.out().array(found.size());
        found.forEach(call.out()::bulk);
    }

    private static void randomKey(Call call) {
        call.out()
                .bulkOrNull(call.keyspace()
                        .random(call.client().db(), call.now(), call.node().random()));
    }

    private static void rename(Call call, boolean replace) {
        KeyRef from = call.key(1);
        Entry entry = call.segment(from).find(from, call.now());
        if (entry == null) {
            throw new CommandException("ERR no such key");
        }
        KeyRef to = call.second(2, call.client().db());
        boolean same = from.same(to);
        Entry taken = call.segment(to).find(to, call.now());
        if (!replace && taken != null) {
            call.out().integer(0);
            return;
        }
        if (!same) {
            long expireAt = entry.expireAt();
            Runnable carried = call.policy().carry(from, to, call.now());
            if (taken != null) {
                call.segment(to).delete(taken);
            }
            moving(call, from, entry, to, expireAt);
            carried.run();
            call.event(KeyEvents.GENERIC, "rename_from", 1);
            call.event(KeyEvents.GENERIC, "rename_to", 2);
        }
        if (replace) {
            call.out().ok();
        } else {
            call.out().integer(1);
        }
    }

    /** Has another key what one has, which goes. */
    private static void moving(Call call, KeyRef from, Entry entry, KeyRef to, long expireAt) {
        StringForm form = entry.isString() ? entry.form() : StringForm.STORED;
        Arrival pages = call.segment(from).leaving(entry);
        Value value = pages == null ? entry.moving() : null;
        call.segment(from).delete(entry);
        if (pages != null) {
            call.segment(to).putString(to, pages, form, expireAt, call.now());
        } else if (value != null) {
            call.segment(to).putValue(to, value, expireAt, call.now());
        }
    }

    private static void copy(Call call) {
        int db = call.client().db();
        boolean replace = false;
        for (int i = 3; i < call.count(); i++) {
            if (call.args().is(i, "REPLACE")) {
                replace = true;
            } else if (call.args().is(i, "DB") && i + 1 < call.count()) {
                int database = call.small(++i);
                if (database < 0 || database >= Keyspace.DATABASES) {
                    throw new CommandException("ERR DB index is out of range");
                }
                db = call.client().order().stored(database);
                if (database != 0 && call.node().topology().get().clustered()) {
                    throw new CommandException("ERR Copying to another database is not allowed in cluster mode");
                }
            } else {
                throw CommandException.syntax();
            }
        }
        KeyRef from = call.key(1);
        KeyRef to = call.second(2, db);
        if (from.same(to)) {
            throw new CommandException("ERR source and destination objects are the same");
        }
        Entry entry = call.segment(from).read(from, call.now());
        Entry old = entry == null ? null : call.segment(to).find(to, call.now());
        if (entry == null || (!replace && old != null)) {
            call.out().integer(0);
            return;
        }
        Runnable carried = call.policy().carry(from, to, call.now());
        Arrival copy = Strings.isLong(entry) ? Strings.copy(call.keyspace(), entry, to.slot()) : null;
        if (old != null) {
            call.segment(to).delete(old);
        }
        if (copy != null) {
            call.segment(to).putString(to, copy, entry.form(), entry.expireAt(), call.now());
        } else {
            call.segment(to).putValue(to, entry.value().copy(), entry.expireAt(), call.now());
        }
        carried.run();
        call.node().settings().events().publish(KeyEvents.GENERIC, "copy_to", db, call.bytes(2));
        call.out().integer(1);
    }

    private static void move(Call call) {
        if (call.node().topology().get().clustered()) {
            throw new CommandException("ERR MOVE is not allowed in cluster mode");
        }
        int database = call.small(2);
        if (database < 0 || database >= Keyspace.DATABASES) {
            throw new CommandException("ERR DB index is out of range");
        }
        int db = call.client().order().stored(database);
        KeyRef from = call.key(1);
        KeyRef to = call.second(1, db);
        if (from.same(to)) {
            throw new CommandException("ERR source and destination objects are the same");
        }
        Segment segment = call.segment(from);
        Entry entry = segment.find(from, call.now());
        if (entry == null || segment.find(to, call.now()) != null) {
            call.out().integer(0);
            return;
        }
        long expireAt = entry.expireAt();
        Runnable carried = call.policy().carry(from, to, call.now());
        SegmentSet.together(call.keyspace(), segment, () -> {
            moving(call, from, entry, to, expireAt);
            carried.run();
            return to;
        });
        call.event(KeyEvents.GENERIC, "move_from", 1);
        call.node().settings().events().publish(KeyEvents.GENERIC, "move_to", db, call.bytes(1));
        call.out().integer(1);
    }

    private static void object(Call call) {
        if (call.args().is(1, "HELP")) {
            Help.write(call);
            return;
        }
        KeyRef key = call.key(2);
        Entry entry = call.segment(key).peek(key, call.now());
        if (entry == null) {
            call.out().nullBulk();
        } else if (call.args().is(1, "ENCODING")) {
            call.out().bulk(entry.encoding());
        } else if (call.args().is(1, "IDLETIME")) {
            if (call.node().settings().policy().endsWith("lfu")) {
                throw new CommandException(
                        "ERR An LFU maxmemory policy is selected, idle time not tracked. Please note that when"
                                + " switching between policies at runtime LRU and LFU data will take some time to"
                                + " adjust.");
            }
            call.out().integer(call.keyspace().idleSeconds(entry, call.now()));
        } else if (call.args().is(1, "REFCOUNT")) {
            call.out().integer(1);
        } else if (counted(call.node().settings().policy())) {
            call.out()
                    .integer(Math.max(
                            entry.frequency(), call.node().stats().hotKeys().frequency(key.hash(), key.db())));
        } else {
            throw new CommandException(
                    "ERR An LFU maxmemory policy is not selected, access frequency not tracked. Please note that when"
                            + " switching between policies at runtime LRU and LFU data will take some time to adjust.");
        }
    }

    /** Redis counts uses under its LFU policies only; under our own they are counted, too. */
    private static boolean counted(String policy) {
        return policy.endsWith("lfu") || policy.equals("s3-fifo");
    }
}
