package io.plinth.kvcache.command.string;

import io.plinth.kvcache.command.Call;
import io.plinth.kvcache.command.CommandException;
import io.plinth.kvcache.command.Deadlines;
import io.plinth.kvcache.command.Deadlines.Unit;
import io.plinth.kvcache.command.KeyEvents;
import io.plinth.kvcache.keyspace.Entry;
import org.jspecify.annotations.Nullable;

/** SET with its options, and GETEX, which shares how they are read. */
final class SetCommand {
    private static final int NX = 1;
    private static final int XX = 2;
    private static final int GET = 4;
    private static final int KEEPTTL = 8;
    private static final int PERSIST = 16;

    private SetCommand() {}

    private record Options(int flags, @Nullable Unit unit, int expiryArg) {
        boolean has(int flag) {
            return (flags & flag) != 0;
        }
    }

    static void set(Call call) {
        if (call.count() == 3) {
            var key = call.key(1);
            call.putString(key, 2, Entry.NEVER);
            call.event(KeyEvents.STRING, "set", 1);
            call.out().ok();
            return;
        }
        Options options = options(call, 3, false);
        Unit unit = options.unit;
        long expireAt = unit == null ? Entry.NEVER : Deadlines.positive(call, options.expiryArg, unit);
        var key = call.key(1);
        Entry entry = options.has(GET)
                ? call.segment(key).read(key, call.now())
                : call.segment(key).find(key, call.now());
        if (options.has(GET)) {
            if (entry != null && !entry.isString()) {
                throw CommandException.wrongType();
            }
            call.out().bulkOrNull(entry);
        }
        if (options.has(entry == null ? XX : NX)) {
            if (!options.has(GET)) {
                call.out().nullBulk();
            }
            return;
        }
        boolean kept = options.has(KEEPTTL) && entry != null;
        if (entry != null && kept) {
            expireAt = entry.expireAt();
        }
        if (expireAt <= call.now()) {
            // The journal knows only effects: a key that is over at once is a key that is gone.
            if (entry != null) {
                call.segment(key).delete(entry);
            } else {
                call.policy().gone(key);
            }
        } else {
            if (kept) {
                call.replaceString(key, 2, expireAt);
            } else {
                call.putString(key, 2, expireAt);
            }
            call.event(KeyEvents.STRING, "set", 1);
            if (unit != null) {
                call.event(KeyEvents.GENERIC, "expire", 1);
            }
        }
        if (!options.has(GET)) {
            call.out().ok();
        }
    }

    static void getEx(Call call) {
        Options options = options(call, 2, true);
        Entry entry = call.readString(1);
        if (entry == null) {
            call.out().nullBulk();
            return;
        }
        Unit unit = options.unit;
        long expireAt = unit == null ? Entry.NEVER : Deadlines.positive(call, options.expiryArg, unit);
        call.out().bulk(entry);
        if (unit != null && expireAt <= call.now()) {
            call.segment().delete(entry);
            call.event(KeyEvents.GENERIC, "del", 1);
        } else if (unit != null) {
            call.segment().expireAt(entry, call.expiry(call.key(), entry, expireAt));
            call.event(KeyEvents.GENERIC, "expire", 1);
        } else if (options.has(PERSIST) && entry.expireAt() != Entry.NEVER) {
            call.segment().expireAt(entry, Entry.NEVER);
            call.event(KeyEvents.GENERIC, "persist", 1);
        }
    }

    private static Options options(Call call, int from, boolean getEx) {
        int flags = 0;
        Unit unit = null;
        int expiryArg = 0;
        for (int i = from; i < call.count(); i++) {
            int flag = flag(call, i, getEx);
            Unit named = flag == 0 ? unit(call, i) : null;
            if (flag == 0 && (named == null || i + 1 >= call.count())) {
                throw CommandException.syntax();
            }
            if (named != null) {
                if (unit != null) {
                    throw CommandException.syntax();
                }
                unit = named;
                expiryArg = ++i;
            }
            flags |= flag;
        }
        boolean both = (flags & (NX | XX)) == (NX | XX);
        if (both || (unit != null && (flags & (KEEPTTL | PERSIST)) != 0)) {
            throw CommandException.syntax();
        }
        return new Options(flags, unit, expiryArg);
    }

    private static int flag(Call call, int arg, boolean getEx) {
        if (getEx) {
            return call.args().is(arg, "PERSIST") ? PERSIST : 0;
        }
        if (call.args().is(arg, "NX")) {
            return NX;
        }
        if (call.args().is(arg, "XX")) {
            return XX;
        }
        if (call.args().is(arg, "GET")) {
            return GET;
        }
        return call.args().is(arg, "KEEPTTL") ? KEEPTTL : 0;
    }

    private static @Nullable Unit unit(Call call, int arg) {
        for (Unit unit : UNITS) {
            if (call.args().is(arg, unit.name())) {
                return unit;
            }
        }
        return null;
    }

    private static final Unit[] UNITS = Unit.values();
}
