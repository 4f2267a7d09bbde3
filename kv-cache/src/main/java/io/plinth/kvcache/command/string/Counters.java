package io.plinth.kvcache.command.string;

import io.plinth.kvcache.command.Call;
import io.plinth.kvcache.command.CommandException;
import io.plinth.kvcache.command.KeyEvents;
import io.plinth.kvcache.keyspace.Entry;
import io.plinth.kvcache.keyspace.value.StringForm;
import io.plinth.kvcache.wire.LongDouble;
import io.plinth.kvcache.wire.Numbers;
import java.math.BigDecimal;
import org.jspecify.annotations.Nullable;

/** Strings that are numbers. */
public final class Counters {
    private Counters() {}

    static void add(Call call, long delta) {
        Entry entry = call.writeString(1);
        long old = 0;
        if (entry != null) {
            // A long string is looked at where it lies.
            if (entry.length() > Numbers.MAX_DIGITS) {
                throw CommandException.notInteger();
            }
            byte[] text = entry.string();
            old = Numbers.parse(text, 0, text.length);
            if (old == Numbers.INVALID && !Numbers.isLong(text, 0, text.length)) {
                throw CommandException.notInteger();
            }
        }
        long sum = sum(old, delta);
        byte[] next = Numbers.bytes(sum);
        if (entry == null) {
            call.segment().putString(call.key(), next, Entry.NEVER, call.now());
        } else {
            call.segment().setString(entry, next, StringForm.STORED);
        }
        call.event(KeyEvents.STRING, "incrby", 1);
        call.out().integer(sum);
    }

    static void decrBy(Call call) {
        long delta = call.integer(2);
        if (delta == Long.MIN_VALUE) {
            throw new CommandException("ERR decrement would overflow");
        }
        add(call, -delta);
    }

    /** The sum of two integers, or the error of an overflow. */
    public static long sum(long old, long delta) {
        long sum = old + delta;
        if (((old ^ sum) & (delta ^ sum)) < 0) {
            throw new CommandException("ERR increment or decrement would overflow");
        }
        return sum;
    }

    private static @Nullable BigDecimal number(Entry entry) {
        return entry.length() > LongDouble.MAX_TEXT ? null : LongDouble.parse(entry.string());
    }

    static void addFloat(Call call) {
        Entry entry = call.writeString(1);
        BigDecimal old = entry == null ? BigDecimal.ZERO : number(entry);
        BigDecimal delta = old == null ? null : LongDouble.parse(call.bytes(2));
        if (old == null || delta == null) {
            throw new CommandException("ERR value is not a valid float");
        }
        BigDecimal sum = LongDouble.add(old, delta);
        if (sum == null) {
            throw new CommandException("ERR increment would produce NaN or Infinity");
        }
        byte[] next = LongDouble.format(sum);
        if (entry == null) {
            call.segment().putString(call.key(), next, 0, next.length, StringForm.SUM, Entry.NEVER, call.now());
        } else {
            call.segment().setString(entry, next, StringForm.SUM);
        }
        call.event(KeyEvents.STRING, "incrbyfloat", 1);
        call.out().bulk(next);
    }
}
