package io.plinth.kvcache.command.hash;

import io.plinth.kvcache.command.Call;
import io.plinth.kvcache.command.CommandException;
import io.plinth.kvcache.command.CommandTable;
import io.plinth.kvcache.command.KeyEvents;
import io.plinth.kvcache.keyspace.Entry;
import io.plinth.kvcache.keyspace.value.HashValue;
import io.plinth.kvcache.keyspace.write.Hashes;
import java.util.function.LongUnaryOperator;
import org.jspecify.annotations.Nullable;

/** The expiry of single fields, as Redis 7.4 has it. A field that is over goes when its hash is next looked at, by a command or the wheel. */
final class FieldExpiry {
    private static final long LATEST = (1L << 46) - 1;
    private static final String NOT_POSITIVE = "Number of fields must be a positive integer";

    private FieldExpiry() {}

    static void register(CommandTable.Builder to) {
        to.add("hexpire", "Sets fields' expiry in seconds.", call -> set(call, 1000, true));
        to.add("hpexpire", "Sets fields' expiry in ms.", call -> set(call, 1, true));
        to.add("hexpireat", "Sets fields' expiry to a Unix time.", call -> set(call, 1000, false));
        to.add("hpexpireat", "Sets fields' expiry to Unix ms.", call -> set(call, 1, false));
        to.add("httl", "Returns the seconds fields have left.", call -> {
            long now = call.now();
            show(call, at -> (Math.max(0, at - now) + 999) / 1000);
        });
        to.add("hpttl", "Returns the ms fields have left.", call -> {
            long now = call.now();
            show(call, at -> Math.max(0, at - now));
        });
        to.add("hexpiretime", "Returns fields' expiry as Unix time.", call -> show(call, at -> (at + 999) / 1000));
        to.add("hpexpiretime", "Returns fields' expiry as Unix ms.", call -> show(call, at -> at));
        to.add("hpersist", "Removes fields' expiry.", FieldExpiry::persist);
    }

    /** Removes what is over; answers the entry while it has fields. */
    static @Nullable Entry live(Call call, @Nullable Entry entry) {
        if (entry == null) {
            return null;
        }
        HashValue hash = entry.hash();
        if (hash.firstExpiry() == 0 || hash.firstExpiry() > call.now()) {
            return entry;
        }
        if (Hashes.over(call.segment(), entry, call.now()) > 0) {
            call.event(KeyEvents.HASH, "hexpired", 1);
        }
        if (hash.size() == 0) {
            call.event(KeyEvents.GENERIC, "del", 1);
            return null;
        }
        return entry;
    }

    /** Where the first field's name stands, after FIELDS and their number. */
    private static int fields(Call call, int from, String notPositive) {
        if (from >= call.count() || !call.args().is(from, "FIELDS")) {
            throw new CommandException("ERR Mandatory argument FIELDS is missing or not at the right position");
        }
        if (from + 1 >= call.count()) {
            throw CommandException.arity(call.command().name());
        }
        long number = call.integer(from + 1, 1, Integer.MAX_VALUE, notPositive);
        if (number != call.count() - from - 2) {
            throw new CommandException("ERR The `numfields` parameter must match the number of arguments");
        }
        return from + 2;
    }

    private static long deadline(Call call, int unit, boolean relative) {
        long value = call.integer(2);
        long base = relative ? call.now() : 0;
        if (value < 0) {
            throw new CommandException("ERR invalid expire time, must be >= 0");
        }
        if (value > (LATEST - base) / unit) {
            throw new CommandException(
                    "ERR invalid expire time in '" + call.command().name() + "' command");
        }
        return value * unit + base;
    }

    private static boolean applies(Call call, int arg, long current, long next) {
        if (call.args().is(arg, "NX")) {
            return current == 0;
        }
        if (call.args().is(arg, "XX")) {
            return current != 0;
        }
        if (call.args().is(arg, "GT")) {
            return current != 0 && next > current;
        }
        return current == 0 || next < current;
    }

    private static void set(Call call, int unit, boolean relative) {
        Entry given = call.writeHash(1);
        long expireAt = deadline(call, unit, relative);
        boolean conditional = call.args().is(3, "NX")
                || call.args().is(3, "XX")
                || call.args().is(3, "GT")
                || call.args().is(3, "LT");
        int first = fields(call, conditional ? 4 : 3, "Parameter `numFields` should be greater than 0");
        Entry entry = live(call, given);
        HashValue hash = entry == null ? null : entry.hash();
        call.out().array(call.count() - first);
        boolean set = false;
        boolean removed = false;
        for (int i = first; i < call.count(); i++) {
            byte[] field = call.bytes(i);
            long current = hash == null || hash.size() == 0 ? -1 : hash.fieldExpiry(field, 0, field.length);
            if (entry == null || current < 0) {
                call.out().integer(-2);
            } else if (conditional && !applies(call, 3, current, expireAt)) {
                call.out().integer(0);
            } else if (expireAt <= call.now()) {
                Hashes.remove(call.segment(), entry, field, 0, field.length);
                removed = true;
                call.out().integer(2);
            } else {
                Hashes.expire(call.segment(), entry, field, expireAt);
                set = true;
                call.out().integer(1);
            }
        }
        if (set) {
            call.event(KeyEvents.HASH, "hexpire", 1);
        }
        if (removed) {
            call.event(KeyEvents.HASH, "hdel", 1);
        }
        if (removed && hash != null && hash.size() == 0) {
            call.event(KeyEvents.GENERIC, "del", 1);
        }
    }

    private static void show(Call call, LongUnaryOperator shown) {
        Entry given = call.readHash(1);
        int first = fields(call, 2, NOT_POSITIVE);
        Entry entry = live(call, given);
        call.out().array(call.count() - first);
        for (int i = first; i < call.count(); i++) {
            byte[] field = call.bytes(i);
            long at = entry == null ? -1 : entry.hash().fieldExpiry(field, 0, field.length);
            call.out().integer(at < 0 ? -2 : at == 0 ? -1 : shown.applyAsLong(at));
        }
    }

    private static void persist(Call call) {
        Entry given = call.writeHash(1);
        int first = fields(call, 2, NOT_POSITIVE);
        Entry entry = live(call, given);
        call.out().array(call.count() - first);
        boolean any = false;
        for (int i = first; i < call.count(); i++) {
            byte[] field = call.bytes(i);
            long at = entry == null ? -1 : entry.hash().fieldExpiry(field, 0, field.length);
            if (entry != null && at > 0) {
                Hashes.expire(call.segment(), entry, field, 0);
                any = true;
            }
            call.out().integer(at < 0 ? -2 : at == 0 ? -1 : 1);
        }
        if (any) {
            call.event(KeyEvents.HASH, "hpersist", 1);
        }
    }
}
