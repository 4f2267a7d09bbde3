package io.plinth.kvcache.command.string;

import static io.plinth.kvcache.command.Command.Flag.DENYOOM;
import static io.plinth.kvcache.command.Command.Flag.FAST;
import static io.plinth.kvcache.command.Command.Flag.READONLY;
import static io.plinth.kvcache.command.Command.Flag.STRING;
import static io.plinth.kvcache.command.Command.Flag.WRITE;

import io.plinth.kvcache.command.Call;
import io.plinth.kvcache.command.CommandException;
import io.plinth.kvcache.command.CommandTable;
import io.plinth.kvcache.command.Deadlines;
import io.plinth.kvcache.command.Deadlines.Unit;
import io.plinth.kvcache.command.KeyEvents;
import io.plinth.kvcache.keyspace.Entry;
import io.plinth.kvcache.keyspace.write.Strings;
import io.plinth.kvcache.wire.LongArgument;
import io.plinth.kvcache.wire.LongArguments;

/** Strings but for SET's options and the counters. */
public final class StringCommands {
    private static final byte[] EMPTY = new byte[0];
    private static final int[] KEY = {1, 1, 1};
    private static final int[] KEYS = {1, -1, 1};
    private static final int[] PAIRS = {1, -1, 2};

    private StringCommands() {}

    /** Adds them. */
    public static void register(CommandTable.Builder to) {
        int write = WRITE | DENYOOM;
        to.group("string", STRING);
        to.add("get", 2, READONLY | FAST, KEY, "Returns the string value of a key.", StringCommands::get);
        to.add("set", -3, write, KEY, "Sets the string value of a key.", SetCommand::set);
        to.add("setnx", 3, write | FAST, KEY, "Sets a key that does not exist.", StringCommands::setNx);
        to.add("setex", 4, write, KEY, "Sets a key and its expiry in seconds.", call -> setWithExpiry(call, Unit.EX));
        to.add("psetex", 4, write, KEY, "Sets a key and its expiry in ms.", call -> setWithExpiry(call, Unit.PX));
        to.add("getex", -2, WRITE | FAST, KEY, "Returns a string and changes its expiry.", SetCommand::getEx);
        to.add("getdel", 2, WRITE | FAST, KEY, "Returns a string and removes it.", StringCommands::getDel);
        to.add("getset", 3, write | FAST, KEY, "Returns a string and sets another.", StringCommands::getSet);
        to.add("mget", -2, READONLY | FAST, KEYS, "Returns the strings of several keys.", StringCommands::mget);
        to.add("mset", -3, write, PAIRS, "Sets several keys at once.", StringCommands::mset);
        to.add("msetnx", -3, write, PAIRS, "Sets several keys when none exists.", StringCommands::msetNx);
        to.add("append", 3, write | FAST, KEY, "Appends to a string.", StringCommands::append);
        to.add("strlen", 2, READONLY | FAST, KEY, "Returns the length of a string.", StringCommands::strlen);
        to.add("getrange", 4, READONLY, KEY, "Returns part of a string.", StringCommands::getRange);
        to.add("substr", 4, READONLY, KEY, "Returns part of a string.", StringCommands::getRange);
        to.add("setrange", 4, write, KEY, "Overwrites part of a string.", StringCommands::setRange);
        to.add("incr", 2, write | FAST, KEY, "Adds one.", call -> Counters.add(call, 1));
        to.add("decr", 2, write | FAST, KEY, "Takes one away.", call -> Counters.add(call, -1));
        to.add("incrby", 3, write | FAST, KEY, "Adds an integer.", call -> Counters.add(call, call.integer(2)));
        to.add("decrby", 3, write | FAST, KEY, "Takes an integer away.", Counters::decrBy);
        to.add("incrbyfloat", 3, write | FAST, KEY, "Adds a number.", Counters::addFloat);
    }

    private static void get(Call call) {
        Entry entry = call.readString(1);
        if (entry == null) {
            call.out().nullBulk();
        } else {
            call.out().bulk(entry);
        }
    }

    private static void setNx(Call call) {
        var key = call.key(1);
        boolean absent = call.segment(key).find(key, call.now()) == null;
        if (absent) {
            call.putString(key, 2, Entry.NEVER);
            call.event(KeyEvents.STRING, "set", 1);
        }
        call.out().integer(absent ? 1 : 0);
    }

    private static void setWithExpiry(Call call, Unit unit) {
        long expireAt = Deadlines.positive(call, 2, unit);
        var key = call.key(1);
        call.putString(key, 3, expireAt);
        call.event(KeyEvents.STRING, "set", 1);
        call.event(KeyEvents.GENERIC, "expire", 1);
        call.out().ok();
    }

    private static void getDel(Call call) {
        Entry entry = call.readString(1);
        if (entry == null) {
            call.policy().gone(call.key());
            call.out().nullBulk();
            return;
        }
        call.out().bulk(entry);
        call.segment().delete(entry);
        call.event(KeyEvents.GENERIC, "del", 1);
    }

    private static void getSet(Call call) {
        Entry entry = call.readString(1);
        call.out().bulkOrNull(entry);
        call.putString(call.key(), 2, Entry.NEVER);
        call.event(KeyEvents.STRING, "set", 1);
    }

    private static void mget(Call call) {
        call.out().array(call.count() - 1);
        for (int i = 1; i < call.count(); i++) {
            var key = call.key(i);
            Entry entry = call.segment(key).read(key, call.now());
            call.out().bulkOrNull(entry == null || !entry.isString() ? null : entry);
        }
    }

    private static void mset(Call call) {
        if (call.count() % 2 == 0) {
            throw CommandException.arity(call.command().name());
        }
        for (int i = 1; i < call.count(); i += 2) {
            var key = call.key(i);
            call.putString(key, i + 1, Entry.NEVER);
            call.event(KeyEvents.STRING, "set", i);
        }
        call.out().ok();
    }

    private static void msetNx(Call call) {
        if (call.count() % 2 == 0) {
            throw CommandException.arity(call.command().name());
        }
        for (int i = 1; i < call.count(); i += 2) {
            var key = call.key(i);
            if (call.segment(key).find(key, call.now()) != null) {
                call.out().integer(0);
                return;
            }
        }
        for (int i = 1; i < call.count(); i += 2) {
            var key = call.key(i);
            call.putString(key, i + 1, Entry.NEVER);
            call.event(KeyEvents.STRING, "set", i);
        }
        call.out().integer(1);
    }

    private static void append(Call call) {
        Entry entry = call.writeString(1);
        int more = call.args().length(2);
        if (entry == null) {
            call.replaceString(call.key(), 2, Entry.NEVER);
            call.event(KeyEvents.STRING, "append", 1);
            call.out().integer(more);
            return;
        }
        int length = entry.length();
        checkLength(call, (long) length + more);
        put(call, entry, length, 2);
        call.event(KeyEvents.STRING, "append", 1);
        call.out().integer((long) length + more);
    }

    private static void put(Call call, Entry entry, int at, int arg) {
        LongArgument part = call.args().longAt(arg);
        if (part == null) {
            Strings.put(call.keyspace(), call.segment(), entry, at, call.bytes(arg));
        } else {
            Strings.put(call.keyspace(), call.segment(), entry, at, part);
        }
    }

    private static void checkLength(Call call, long length) {
        if (length > call.node().limits().maxBulk()) {
            throw new CommandException("ERR string exceeds maximum allowed size (proto-max-bulk-len)");
        }
    }

    private static void strlen(Call call) {
        Entry entry = call.readString(1);
        call.out().integer(entry == null ? 0 : entry.length());
    }

    private static void getRange(Call call) {
        long start = call.integer(2);
        long end = call.integer(3);
        Entry entry = call.readString(1);
        if (entry == null || (start < 0 && end < 0 && start > end)) {
            call.out().bulk(EMPTY);
            return;
        }
        int length = entry.length();
        start = Math.max(0, start < 0 ? start + length : start);
        end = Math.max(0, end < 0 ? end + length : end);
        end = Math.min(end, length - 1);
        if (start > end || length == 0) {
            call.out().bulk(EMPTY);
        } else {
            int count = (int) (end - start + 1);
            if (count >= LongArguments.LONG) {
                call.out().bulk(entry.range((int) start, count));
            } else {
                call.out().bulk(entry.part((int) start, count));
            }
        }
    }

    private static void setRange(Call call) {
        long offset = call.integer(2);
        if (offset < 0) {
            throw new CommandException("ERR offset is out of range");
        }
        Entry entry = call.writeString(1);
        int length = entry == null ? 0 : entry.length();
        int more = call.args().length(3);
        if (more == 0) {
            call.out().integer(length);
            return;
        }
        // Not offset + length: both come from the client and may overflow.
        if (offset > call.node().limits().maxBulk()) {
            checkLength(call, offset);
        }
        checkLength(call, offset + more);
        if (entry != null) {
            put(call, entry, (int) offset, 3);
        } else {
            Strings.begin(call.keyspace(), call.segment(), call.key(), (int) offset, call.args(), 3, call.now());
        }
        call.event(KeyEvents.STRING, "setrange", 1);
        call.out().integer(Math.max(length, offset + more));
    }
}
