package io.plinth.kvcache.command.hash;

import static io.plinth.kvcache.command.Command.Flag.DENYOOM;
import static io.plinth.kvcache.command.Command.Flag.FAST;
import static io.plinth.kvcache.command.Command.Flag.HASH;
import static io.plinth.kvcache.command.Command.Flag.READONLY;
import static io.plinth.kvcache.command.Command.Flag.WRITE;

import io.plinth.kvcache.command.Call;
import io.plinth.kvcache.command.CommandException;
import io.plinth.kvcache.command.CommandTable;
import io.plinth.kvcache.command.KeyEvents;
import io.plinth.kvcache.command.string.Counters;
import io.plinth.kvcache.keyspace.Entry;
import io.plinth.kvcache.keyspace.value.HashValue;
import io.plinth.kvcache.keyspace.write.Hashes;
import io.plinth.kvcache.wire.Args;
import io.plinth.kvcache.wire.LongDouble;
import io.plinth.kvcache.wire.Numbers;
import io.plinth.kvcache.wire.ReplyWriter;
import java.math.BigDecimal;
import org.jspecify.annotations.Nullable;

/** Hashes, but for the commands that pick or page through fields. */
public final class HashCommands {
    private static final int[] KEY = {1, 1, 1};

    private HashCommands() {}

    /** Adds them. */
    public static void register(CommandTable.Builder to) {
        int write = WRITE | DENYOOM | FAST;
        to.group("hash", HASH);
        to.add("hset", -4, write, KEY, "Sets fields.", call -> hset(call, true));
        to.add("hmset", -4, write, KEY, "Sets fields.", call -> hset(call, false));
        to.add("hsetnx", 4, write, KEY, "Sets a field that does not exist.", HashCommands::hsetNx);
        to.add("hget", 3, READONLY | FAST, KEY, "Returns a field's value.", HashCommands::hget);
        to.add("hmget", -3, READONLY | FAST, KEY, "Returns several fields' values.", HashCommands::hmget);
        to.add("hgetall", 2, READONLY, KEY, "Returns all fields and values.", HashCommands::hgetAll);
        to.add("hdel", -3, WRITE | FAST, KEY, "Removes fields.", HashCommands::hdel);
        to.add("hlen", 2, READONLY | FAST, KEY, "Returns how many fields there are.", HashCommands::hlen);
        to.add("hexists", 3, READONLY | FAST, KEY, "Tells whether a field exists.", HashCommands::hexists);
        to.add("hkeys", 2, READONLY, KEY, "Returns all fields.", call -> all(call, true));
        to.add("hvals", 2, READONLY, KEY, "Returns all values.", call -> all(call, false));
        to.add("hstrlen", 3, READONLY | FAST, KEY, "Returns the length of a field's value.", HashCommands::hstrlen);
        to.add("hincrby", 4, write, KEY, "Adds an integer to a field.", HashCommands::hincrBy);
        to.add("hincrbyfloat", 4, write, KEY, "Adds a number to a field.", HashCommands::hincrByFloat);
        to.add("hrandfield", -2, READONLY, KEY, "Returns random fields.", HashPicking::random);
        to.add("hscan", -3, READONLY, KEY, "Pages through fields and values.", HashPicking::scan);
        FieldExpiry.register(to);
    }

    private static void hset(Call call, boolean counted) {
        if (call.count() % 2 == 1) {
            throw CommandException.arity(call.command().name());
        }
        Entry entry = forWrite(call);
        int added = 0;
        for (int i = 2; i < call.count(); i += 2) {
            if (Hashes.put(call.segment(), entry, call.bytes(i), call.bytes(i + 1))) {
                added++;
            }
        }
        call.event(KeyEvents.HASH, "hset", 1);
        if (counted) {
            call.out().integer(added);
        } else {
            call.out().ok();
        }
    }

    private static Entry forWrite(Call call) {
        Entry entry = FieldExpiry.live(call, call.writeHash(1));
        return entry == null
                ? call.segment()
                        .addEmpty(call.key(), new HashValue(call.keyspace().hasher()), call.now())
                : entry;
    }

    private static byte @Nullable [] field(Call call, @Nullable Entry entry, int arg) {
        Args args = call.args();
        return entry == null ? null : entry.hash().get(args.buffer(), args.offset(arg), args.length(arg));
    }

    private static void hsetNx(Call call) {
        boolean absent = field(call, FieldExpiry.live(call, call.writeHash(1)), 2) == null;
        if (absent) {
            Hashes.put(call.segment(), forWrite(call), call.bytes(2), call.bytes(3));
            call.event(KeyEvents.HASH, "hset", 1);
        }
        call.out().integer(absent ? 1 : 0);
    }

    private static void hget(Call call) {
        write(call, FieldExpiry.live(call, call.readHash(1)), 2);
    }

    private static void write(Call call, @Nullable Entry entry, int arg) {
        Args args = call.args();
        if (entry == null) {
            call.out().nullBulk();
        } else {
            entry.hash().write(args.buffer(), args.offset(arg), args.length(arg), call.out());
        }
    }

    private static void hmget(Call call) {
        Entry entry = FieldExpiry.live(call, call.readHash(1));
        call.out().array(call.count() - 2);
        for (int i = 2; i < call.count(); i++) {
            write(call, entry, i);
        }
    }

    private static void hgetAll(Call call) {
        Entry entry = FieldExpiry.live(call, call.readHash(1));
        ReplyWriter out = call.out();
        if (entry == null) {
            out.map(0);
            return;
        }
        HashValue hash = entry.hash();
        out.map((int) hash.size());
        hash.write(true, true, out);
    }

    private static void all(Call call, boolean fields) {
        Entry entry = FieldExpiry.live(call, call.readHash(1));
        ReplyWriter out = call.out();
        if (entry == null) {
            out.array(0);
            return;
        }
        HashValue hash = entry.hash();
        out.array(hash.size());
        hash.write(fields, !fields, out);
    }

    private static void hdel(Call call) {
        Entry entry = FieldExpiry.live(call, call.writeHash(1));
        HashValue hash = entry == null ? null : entry.hash();
        int removed = 0;
        Args args = call.args();
        for (int i = 2; entry != null && i < call.count(); i++) {
            boolean last = entry.hash().size() == 1;
            if (Hashes.remove(call.segment(), entry, args.buffer(), args.offset(i), args.length(i))) {
                removed++;
                if (last) {
                    break;
                }
            }
        }
        if (removed > 0) {
            call.event(KeyEvents.HASH, "hdel", 1);
        }
        if (hash != null && removed > 0 && hash.size() == 0) {
            call.event(KeyEvents.GENERIC, "del", 1);
        }
        call.out().integer(removed);
    }

    private static void hlen(Call call) {
        Entry entry = FieldExpiry.live(call, call.readHash(1));
        call.out().integer(entry == null ? 0 : entry.hash().size());
    }

    private static void hexists(Call call) {
        call.out().integer(field(call, FieldExpiry.live(call, call.readHash(1)), 2) == null ? 0 : 1);
    }

    private static void hstrlen(Call call) {
        byte[] value = field(call, FieldExpiry.live(call, call.readHash(1)), 2);
        call.out().integer(value == null ? 0 : value.length);
    }

    private static void hincrBy(Call call) {
        long delta = call.integer(3);
        byte[] old = field(call, FieldExpiry.live(call, call.writeHash(1)), 2);
        long value = 0;
        if (old != null) {
            value = Numbers.parse(old, 0, old.length);
            if (value == Numbers.INVALID && !Numbers.isLong(old, 0, old.length)) {
                throw new CommandException("ERR hash value is not an integer");
            }
        }
        long sum = Counters.sum(value, delta);
        Hashes.put(call.segment(), forWrite(call), call.bytes(2), Numbers.bytes(sum), true);
        call.event(KeyEvents.HASH, "hincrby", 1);
        call.out().integer(sum);
    }

    private static void hincrByFloat(Call call) {
        BigDecimal delta = LongDouble.parse(call.bytes(3));
        if (delta == null) {
            throw new CommandException("ERR value is not a valid float");
        }
        byte[] old = field(call, FieldExpiry.live(call, call.writeHash(1)), 2);
        BigDecimal value = old == null ? BigDecimal.ZERO : LongDouble.parse(old);
        if (value == null) {
            throw new CommandException("ERR hash value is not a float");
        }
        BigDecimal sum = LongDouble.add(value, delta);
        if (sum == null) {
            throw new CommandException("ERR increment would produce NaN or Infinity");
        }
        byte[] next = LongDouble.format(sum);
        Hashes.put(call.segment(), forWrite(call), call.bytes(2), next, true);
        call.event(KeyEvents.HASH, "hincrbyfloat", 1);
        call.out().bulk(next);
    }
}
