package io.plinth.kvcache.command.hll;

import io.plinth.kvcache.command.Call;
import io.plinth.kvcache.command.CommandException;
import io.plinth.kvcache.command.CommandTable;
import io.plinth.kvcache.command.KeyEvents;
import io.plinth.kvcache.keyspace.Entry;
import io.plinth.kvcache.keyspace.KeyRef;
import io.plinth.kvcache.keyspace.value.StringForm;
import java.util.Arrays;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/** PFADD and its kin. */
public final class HyperLogLogCommands {
    private HyperLogLogCommands() {}

    /** Adds them. */
    public static void register(CommandTable.Builder to) {
        to.add("pfadd", "Adds elements to a count of distinct ones.", HyperLogLogCommands::add);
        to.add("pfcount", "Estimates how many distinct elements there are.", HyperLogLogCommands::count);
        to.add("pfmerge", "Joins counts of distinct elements.", HyperLogLogCommands::merge);
        to.add("pfdebug", "Shows the registers of a count.", HyperLogLogCommands::debug);
        to.add("pfselftest", "Checks the counting of distinct elements.", HyperLogLogCommands::selfTest);
    }

    private static CommandException damaged() {
        return new CommandException("INVALIDOBJ Corrupted HLL object detected");
    }

    private static byte[] sound(byte @Nullable [] bytes) {
        if (bytes == null) {
            throw damaged();
        }
        return bytes;
    }

    private static byte[] checked(Entry entry) {
        head(entry);
        // No runs that are not past the last register are longer, so a long string is not copied to find that out.
        if (entry.length() > Layout.MOST) {
            throw damaged();
        }
        return entry.string();
    }

    /** What stands before the registers. */
    private static byte[] head(Entry entry) {
        if (!entry.isString()) {
            throw CommandException.wrongType();
        }
        byte[] head = entry.part(0, Math.min(entry.length(), Layout.HEADER));
        if (!Layout.valid(head, entry.length())) {
            throw new CommandException("WRONGTYPE Key is not a valid HyperLogLog string value.");
        }
        return head;
    }

    private static void store(Call call, @Nullable Entry entry, byte[] bytes) {
        if (entry == null) {
            call.segment().putString(call.key(), bytes, 0, bytes.length, StringForm.BUILT, Entry.NEVER, call.now());
        } else {
            call.segment().setString(entry, bytes, StringForm.BUILT);
        }
    }

    private static void add(Call call) {
        KeyRef key = call.key(1);
        Entry entry = call.segment(key).find(key, call.now());
        Counted counted = new Counted(entry == null ? Layout.empty() : checked(entry), entry == null);
        for (int i = 2; i < call.count(); i++) {
            long hash = HyperLogLog.hash(
                    call.args().buffer(), call.args().offset(i), call.args().length(i));
            if (!counted.add(hash)) {
                // What came before the damage was seen stays counted, as Redis has it.
                if (counted.changed) {
                    store(call, entry, counted.stored());
                }
                throw damaged();
            }
        }
        if (counted.changed) {
            Layout.stale(counted.bytes);
            store(call, entry, counted.stored());
            call.event(KeyEvents.STRING, "pfadd", 1);
        }
        call.out().integer(counted.changed ? 1 : 0);
    }

    /** A count that elements are added to: a copy of what is stored, of a sparse one with the byte behind it. */
    private static final class Counted {
        private byte[] bytes;
        private boolean changed;

        Counted(byte[] bytes, boolean own) {
            this.bytes = Layout.encoding(bytes) == Layout.SPARSE ? Arrays.copyOf(bytes, bytes.length + 1) : bytes;
            this.changed = own;
        }

        byte[] stored() {
            return Layout.encoding(bytes) == Layout.SPARSE ? Arrays.copyOf(bytes, bytes.length - 1) : bytes;
        }

        /** Answers false where the registers are damaged. */
        boolean add(long hash) {
            return raise(HyperLogLog.register(hash), HyperLogLog.rank(hash));
        }

        boolean raise(int register, int rank) {
            if (Layout.encoding(bytes) == Layout.SPARSE) {
                byte[] next = Sparse.set(bytes, register, rank);
                if (next == null) {
                    return false;
                }
                changed |= !Arrays.equals(next, bytes);
                bytes = next;
            } else if (Layout.get(bytes, register) < rank) {
                Layout.set(bytes, register, rank);
                changed = true;
            }
            return true;
        }
    }

    private static void count(Call call) {
        if (call.count() > 2) {
            byte[] registers = new byte[Layout.REGISTERS];
            mergeAll(call, registers);
            call.out().integer(HyperLogLog.countRaw(registers));
            return;
        }
        KeyRef key = call.key(1);
        Entry entry = call.segment(key).read(key, call.now());
        if (entry == null) {
            call.out().integer(0);
            return;
        }
        long count = Layout.cached(head(entry));
        if (count < 0) {
            byte[] bytes = checked(entry);
            count = HyperLogLog.count(bytes);
            if (count < 0) {
                throw damaged();
            }
            if (call.keyspace().durability().refusal() == null) {
                // It is a read: while no change can be kept it makes none.
                Layout.cache(bytes, count);
                store(call, entry, bytes);
            }
        }
        call.out().integer(count);
    }

    /** Answers whether one of them is dense. */
    private static boolean mergeAll(Call call, byte[] registers) {
        boolean dense = false;
        for (int i = 1; i < call.count(); i++) {
            KeyRef key = call.key(i);
            Entry entry = call.segment(key).read(key, call.now());
            if (entry != null) {
                byte[] bytes = checked(entry);
                dense |= Layout.encoding(bytes) == Layout.DENSE;
                if (!HyperLogLog.merge(bytes, registers)) {
                    throw damaged();
                }
            }
        }
        return dense;
    }

    private static void merge(Call call) {
        byte[] registers = new byte[Layout.REGISTERS];
        boolean dense = mergeAll(call, registers);
        KeyRef key = call.key(1);
        Entry entry = call.segment(key).find(key, call.now());
        byte[] bytes = entry == null ? Layout.empty() : checked(entry);
        Counted merged = new Counted(dense ? sound(Layout.dense(bytes)) : bytes, true);
        for (int i = 0; i < Layout.REGISTERS; i++) {
            if (registers[i] > 0) {
                merged.raise(i, registers[i]);
            }
        }
        Layout.stale(merged.bytes);
        store(call, entry, merged.stored());
        call.event(KeyEvents.STRING, "pfadd", 1);
        call.out().ok();
    }

    private static void debug(Call call) {
        KeyRef key = call.key(2);
        Entry entry = call.segment(key).find(key, call.now());
        if (entry == null) {
            throw new CommandException("ERR The specified key does not exist");
        }
        byte[] bytes = checked(entry);
        switch (call.text(1).toLowerCase(Locale.ROOT)) {
            case "getreg" -> {
                byte[] dense = toDense(call, entry, bytes);
                call.out().array(Layout.REGISTERS);
                for (int i = 0; i < Layout.REGISTERS; i++) {
                    call.out().integer(Layout.get(dense, i));
                }
            }
            case "decode" -> {
                if (Layout.encoding(bytes) != Layout.SPARSE) {
                    throw new CommandException("ERR HLL encoding is not sparse");
                }
                call.out().bulk(Sparse.text(bytes));
            }
            case "encoding" -> {
                call.out().simple(Layout.encoding(bytes) == Layout.DENSE ? "dense" : "sparse");
            }
            case "todense" -> {
                call.out().integer(Layout.encoding(bytes) == Layout.DENSE ? 0 : 1);
                toDense(call, entry, bytes);
            }
            default ->
                throw new CommandException(
                        "ERR Unknown PFDEBUG subcommand '" + CommandException.clean(call.text(1)) + "'");
        }
    }

    private static byte[] toDense(Call call, Entry entry, byte[] bytes) {
        byte[] dense = sound(Layout.dense(bytes));
        if (Layout.encoding(bytes) == Layout.SPARSE) {
            store(call, entry, dense);
        }
        return dense;
    }

    /** Counts a known crowd in both forms: the estimates agree, and err by less than Redis's own self-test allows. */
    private static void selfTest(Call call) {
        Counted counted = new Counted(Layout.empty(), true);
        Counted dense = new Counted(sound(Layout.dense(Layout.empty())), true);
        int crowd = 2000;
        for (int i = 1; i <= crowd; i++) {
            byte[] element = Integer.toString(i).getBytes(java.nio.charset.StandardCharsets.US_ASCII);
            counted.add(HyperLogLog.hash(element, 0, element.length));
            dense.add(HyperLogLog.hash(element, 0, element.length));
            if (i % 500 == 0 && HyperLogLog.count(counted.stored()) != HyperLogLog.count(dense.bytes)) {
                throw new CommandException("TESTFAILED sparse and dense differ at " + i);
            }
        }
        long error = Math.abs(HyperLogLog.count(counted.stored()) - crowd);
        if (error > crowd * 6 * 1.04 / Math.sqrt(Layout.REGISTERS)) {
            throw new CommandException("TESTFAILED too big error: " + error + " of " + crowd);
        }
        call.out().ok();
    }
}
