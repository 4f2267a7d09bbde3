package io.plinth.kvcache.command.bits;

import io.plinth.kvcache.command.Call;
import io.plinth.kvcache.command.CommandException;
import io.plinth.kvcache.command.CommandTable;
import io.plinth.kvcache.command.KeyEvents;
import io.plinth.kvcache.keyspace.Entry;
import io.plinth.kvcache.keyspace.KeyRef;
import io.plinth.kvcache.keyspace.store.StoredStrings.Arrival;
import io.plinth.kvcache.keyspace.value.StringForm;
import io.plinth.kvcache.keyspace.write.Strings;
import io.plinth.kvcache.wire.LongArguments;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Bits of strings, the first bit being the highest of the first byte. */
public final class BitCommands {
    private static final VarHandle LONGS = MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.nativeOrder());
    /** Results that are long are made in pieces of so many bytes. */
    private static final int PIECE = 64 << 10;

    private BitCommands() {}

    /** Adds them. */
    public static void register(CommandTable.Builder to) {
        to.add("setbit", "Sets a bit.", BitCommands::set);
        to.add("getbit", "Returns a bit.", BitCommands::get);
        to.add("bitcount", "Counts bits that are set.", BitCommands::count);
        to.add("bitpos", "Finds the first bit of a kind.", BitCommands::position);
        to.add("bitop", "Combines strings bit by bit.", BitCommands::combine);
        BitFields.register(to);
    }

    /** A bit's place, within what a string may have. */
    static long offset(Call call, int arg, int width) {
        String text = call.text(arg);
        boolean scaled = width > 0 && text.startsWith("#");
        long offset;
        try {
            offset = scaled ? Long.parseLong(text.substring(1)) : call.integer(arg);
        } catch (NumberFormatException | CommandException e) {
            throw new CommandException("ERR bit offset is not an integer or out of range");
        }
        long most = (long) call.node().limits().maxBulk() << 3;
        if (scaled) {
            offset = offset > most / width ? most : offset * width;
        }
        if (offset < 0 || offset >= most) {
            throw new CommandException("ERR bit offset is not an integer or out of range");
        }
        return offset;
    }

    /** The string's bytes from one place to another, with zeros for those it has not, as an array of its own. */
    static byte[] window(@Nullable Entry entry, int from, int to) {
        int there = entry == null ? 0 : Math.min(entry.length(), to) - from;
        return entry == null || there <= 0 ? new byte[to - from] : Arrays.copyOf(entry.part(from, there), to - from);
    }

    /** Keeps what a write made of the string from a place on. */
    static void store(Call call, @Nullable Entry entry, int from, byte[] value) {
        if (entry == null) {
            Strings.begin(call.keyspace(), call.segment(), call.key(), from, value, call.now());
        } else {
            Strings.put(call.keyspace(), call.segment(), entry, from, value);
        }
        call.event(KeyEvents.STRING, "setbit", 1);
    }

    private static void set(Call call) {
        long offset = offset(call, 2, 0);
        long bit = call.integer(3, 0, 1, "bit is not an integer or out of range");
        Entry entry = call.writeString(1);
        int at = (int) (offset >> 3);
        byte[] value = window(entry, at, at + 1);
        int mask = 0x80 >> (int) (offset & 7);
        call.out().integer((value[0] & mask) != 0 ? 1 : 0);
        value[0] = (byte) (bit == 1 ? value[0] | mask : value[0] & ~mask);
        store(call, entry, at, value);
    }

    private static void get(Call call) {
        long offset = offset(call, 2, 0);
        Entry entry = call.readString(1);
        int at = (int) (offset >> 3);
        call.out().integer(window(entry, at, at + 1)[0] >> (7 - (offset & 7)) & 1);
    }

    /** A range of bits, the end included; empty where {@code from > to}. */
    private record Range(long from, long to) {
        static Range of(long start, long end, long size, long total, boolean bits) {
            long from = Math.max(0, start < 0 ? start + size : start);
            long to = Math.min(size - 1, Math.max(0, end < 0 ? end + size : end));
            if (start < 0 && end < 0 && start > end) {
                return new Range(1, 0);
            }
            return bits ? new Range(from, Math.min(to, total - 1)) : new Range(from << 3, (to << 3) + 7);
        }
    }

    private static boolean inBits(Call call, int arg) {
        boolean bits = call.args().is(arg, "BIT");
        if (!bits && !call.args().is(arg, "BYTE")) {
            throw CommandException.syntax();
        }
        return bits;
    }

    private static void count(Call call) {
        int count = call.count();
        if (count == 3 || count > 5) {
            throw CommandException.syntax();
        }
        long start = count > 2 ? call.integer(2) : 0;
        long end = count > 2 ? call.integer(3) : -1;
        boolean bits = count == 5 && inBits(call, 4);
        Entry entry = call.readString(1);
        StringBytes value = new StringBytes(entry);
        long total = 8L * value.length();
        Range range = Range.of(start, end, bits ? total : value.length(), total, bits);
        long sum = 0;
        for (long at = range.from; at <= range.to; ) {
            int index = (int) (at >> 3);
            if ((at & 7) == 0 && range.to - at >= 7) {
                int bytes = (int) ((range.to - at + 1) >> 3);
                sum += value.ones(index, bytes);
                at += (long) bytes << 3;
            } else {
                sum += value.at(index) >> (7 - (at & 7)) & 1;
                at++;
            }
        }
        call.out().integer(sum);
    }

    private static void position(Call call) {
        long bit = call.integer(2);
        if (bit != 0 && bit != 1) {
            throw new CommandException("ERR The bit argument must be 1 or 0.");
        }
        int count = call.count();
        if (count > 6) {
            throw CommandException.syntax();
        }
        long start = count > 3 ? call.integer(3) : 0;
        boolean bits = count == 6 && inBits(call, 5);
        long end = count > 4 ? call.integer(4) : -1;
        Entry entry = call.readString(1);
        if (entry == null) {
            call.out().integer(bit == 1 ? -1 : 0);
            return;
        }
        StringBytes value = new StringBytes(entry);
        long total = 8L * value.length();
        long size = bits ? total : value.length();
        long from = Math.max(0, start < 0 ? start + size : start);
        long to = Math.min(size - 1, Math.max(0, end < 0 ? end + size : end));
        if (from > to) {
            call.out().integer(-1);
            return;
        }
        long first = bits ? from : from << 3;
        long last = bits ? to : (to << 3) + 7;
        for (long at = first; at <= last; at++) {
            int index = (int) (at >> 3);
            if ((at & 7) == 0 && last - at >= 7 && value.at(index) == (bit == 1 ? 0 : -1)) {
                at += 8L * value.alike(index, (int) ((last - at + 1) >> 3)) - 1;
            } else if ((value.at(index) >> (7 - (at & 7)) & 1) == bit) {
                call.out().integer(at);
                return;
            }
        }
        // Without an end a string is followed by zeros.
        call.out().integer(bit == 0 && count < 5 ? total : -1);
    }

    private static void combine(Call call) {
        boolean not = call.args().is(1, "NOT");
        boolean and = call.args().is(1, "AND");
        boolean or = call.args().is(1, "OR");
        if (!not && !and && !or && !call.args().is(1, "XOR")) {
            throw CommandException.syntax();
        }
        if (not && call.count() != 4) {
            throw new CommandException("ERR BITOP NOT must be called with a single source key.");
        }
        List<StringBytes> sources = new ArrayList<>();
        int longest = 0;
        for (int i = 3; i < call.count(); i++) {
            Entry entry = call.readString(i);
            StringBytes source = new StringBytes(entry);
            sources.add(source);
            longest = Math.max(longest, source.length());
        }
        KeyRef target = call.key(2);
        if (longest > 0) {
            keep(call, target, longest, (from, count) -> {
                byte[] result = sources.getFirst().window(from, count);
                for (int i = 1; i < sources.size(); i++) {
                    combine(result, sources.get(i).window(from, count), and, or);
                }
                for (int i = 0; not && i < count; i++) {
                    result[i] = (byte) ~result[i];
                }
                return result;
            });
            call.event(KeyEvents.STRING, "set", 2);
        } else {
            Entry old = call.segment(target).peek(target, call.now());
            if (old != null) {
                call.segment(target).delete(old);
                call.event(KeyEvents.GENERIC, "del", 2);
            }
        }
        call.out().integer(longest);
    }

    private static void combine(byte[] into, byte[] other, boolean and, boolean or) {
        int i = 0;
        for (; i + Long.BYTES <= into.length; i += Long.BYTES) {
            long a = (long) LONGS.get(into, i);
            long b = (long) LONGS.get(other, i);
            LONGS.set(into, i, and ? a & b : or ? a | b : a ^ b);
        }
        for (; i < into.length; i++) {
            into[i] = (byte) (and ? into[i] & other[i] : or ? into[i] | other[i] : into[i] ^ other[i]);
        }
    }

    /** Part of a result. */
    private interface Windows {
        byte[] of(int from, int count);
    }

    /** Makes the key a string that is made piece by piece, whatever it was, one of the sources perhaps. */
    private static void keep(Call call, KeyRef target, int length, Windows windows) {
        if (length >= LongArguments.LONG) {
            Arrival made = Strings.made(call.keyspace(), target.slot(), length);
            for (int at = 0; at < length; at += PIECE) {
                byte[] piece = windows.of(at, Math.min(PIECE, length - at));
                Strings.add(made, piece, piece.length);
            }
            call.segment(target).putString(target, made, StringForm.BUILT, Entry.NEVER, call.now());
        } else {
            byte[] made = windows.of(0, length);
            call.segment(target).putString(target, made, 0, length, StringForm.BUILT, Entry.NEVER, call.now());
        }
    }
}
