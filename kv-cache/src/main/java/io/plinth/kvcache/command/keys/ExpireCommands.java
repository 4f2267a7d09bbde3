package io.plinth.kvcache.command.keys;

import static io.plinth.kvcache.command.Command.Flag.FAST;
import static io.plinth.kvcache.command.Command.Flag.KEYSPACE;
import static io.plinth.kvcache.command.Command.Flag.READONLY;
import static io.plinth.kvcache.command.Command.Flag.WRITE;

import io.plinth.kvcache.command.Call;
import io.plinth.kvcache.command.CommandException;
import io.plinth.kvcache.command.CommandTable;
import io.plinth.kvcache.command.Deadlines;
import io.plinth.kvcache.command.Deadlines.Unit;
import io.plinth.kvcache.command.KeyEvents;
import io.plinth.kvcache.keyspace.Entry;
import java.util.function.LongUnaryOperator;

/** What sets, moves and shows when a key is over. */
public final class ExpireCommands {
    private static final int[] KEY = {1, 1, 1};
    private static final int NX = 1;
    private static final int XX = 2;
    private static final int GT = 4;
    private static final int LT = 8;

    private ExpireCommands() {}

    /** Adds them. */
    public static void register(CommandTable.Builder to) {
        int write = WRITE | FAST;
        int read = READONLY | FAST;
        to.group("generic", KEYSPACE);
        to.add("expire", -3, write, KEY, "Sets the expiry in seconds.", call -> expire(call, Unit.EX));
        to.add("pexpire", -3, write, KEY, "Sets the expiry in ms.", call -> expire(call, Unit.PX));
        to.add("expireat", -3, write, KEY, "Sets the expiry to a Unix time.", call -> expire(call, Unit.EXAT));
        to.add("pexpireat", -3, write, KEY, "Sets the expiry to Unix ms.", call -> expire(call, Unit.PXAT));
        to.add("persist", 2, write, KEY, "Removes the expiry.", ExpireCommands::persist);
        to.add("ttl", 2, read, KEY, "Returns the seconds left.", call -> {
            long now = call.now();
            show(call, at -> (Math.max(0, at - now) + 500) / 1000);
        });
        to.add("pttl", 2, read, KEY, "Returns the ms left.", call -> {
            long now = call.now();
            show(call, at -> Math.max(0, at - now));
        });
        to.add(
                "expiretime",
                2,
                read,
                KEY,
                "Returns the expiry as Unix time.",
                call -> show(call, at -> (at + 500) / 1000));
        to.add("pexpiretime", 2, read, KEY, "Returns the expiry as Unix ms.", call -> show(call, at -> at));
    }

    private static void expire(Call call, Unit unit) {
        int options = options(call);
        long given = Deadlines.any(call, 2, unit);
        var key = call.key(1);
        Entry entry = call.segment(key).find(key, call.now());
        long expireAt = entry == null ? given : call.expiry(key, entry, given);
        if (entry == null || !applies(options, entry.expireAt(), expireAt)) {
            call.out().integer(0);
            return;
        }
        if (expireAt <= call.now()) {
            call.segment(key).delete(entry);
            call.event(KeyEvents.GENERIC, "del", 1);
        } else {
            call.segment(key).expireAt(entry, expireAt);
            call.event(KeyEvents.GENERIC, "expire", 1);
        }
        call.out().integer(1);
    }

    private static boolean applies(int options, long current, long next) {
        boolean has = current != Entry.NEVER;
        return !((options & NX) != 0 && has)
                && !((options & XX) != 0 && !has)
                && !((options & GT) != 0 && (!has || next <= current))
                && !((options & LT) != 0 && has && next >= current);
    }

    private static int options(Call call) {
        int options = 0;
        for (int i = 3; i < call.count(); i++) {
            if (call.args().is(i, "NX")) {
                options |= NX;
            } else if (call.args().is(i, "XX")) {
                options |= XX;
            } else if (call.args().is(i, "GT")) {
                options |= GT;
            } else if (call.args().is(i, "LT")) {
                options |= LT;
            } else {
                throw new CommandException("ERR Unsupported option " + CommandException.clean(call.text(i)));
            }
        }
        if ((options & NX) != 0 && (options & (XX | GT | LT)) != 0) {
            throw new CommandException("ERR NX and XX, GT or LT options at the same time are not compatible");
        }
        if ((options & (GT | LT)) == (GT | LT)) {
            throw new CommandException("ERR GT and LT options at the same time are not compatible");
        }
        return options;
    }

    private static void persist(Call call) {
        var key = call.key(1);
        Entry entry = call.segment(key).find(key, call.now());
        boolean had = entry != null && entry.expireAt() != Entry.NEVER;
        if (entry != null && had) {
            call.segment(key).expireAt(entry, Entry.NEVER);
            call.event(KeyEvents.GENERIC, "persist", 1);
        }
        call.out().integer(had ? 1 : 0);
    }

    private static void show(Call call, LongUnaryOperator shown) {
        var key = call.key(1);
        Entry entry = call.segment(key).look(key, call.now());
        if (entry == null) {
            call.out().integer(-2);
        } else {
            call.out().integer(entry.expireAt() == Entry.NEVER ? -1 : shown.applyAsLong(entry.expireAt()));
        }
    }
}
