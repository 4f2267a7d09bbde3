package io.plinth.kvcache.command.keys;

import io.plinth.kvcache.command.Call;
import io.plinth.kvcache.command.CommandException;
import io.plinth.kvcache.command.CommandTable;
import io.plinth.kvcache.command.KeyEvents;
import io.plinth.kvcache.keyspace.Entry;
import io.plinth.kvcache.keyspace.KeyRef;
import io.plinth.kvcache.keyspace.SegmentSet;
import io.plinth.kvcache.keyspace.rdb.RdbException;
import io.plinth.kvcache.keyspace.rdb.RdbReader;
import io.plinth.kvcache.keyspace.rdb.RdbWriter;
import io.plinth.kvcache.keyspace.value.Value;
import io.plinth.kvcache.keyspace.write.Strings;
import io.plinth.kvcache.wire.ClientMemory;

/** DUMP and RESTORE. */
public final class DumpCommands {
    private static final int MAX_FREQUENCY = 255;
    /** The value, what it is written to, which doubles as it grows, and the payload. */
    private static final int COPIES_OF_DUMP = 4;

    private DumpCommands() {}

    /** Adds them. */
    public static void register(CommandTable.Builder to) {
        to.add("dump", "Returns a value in RDB form.", call -> {
            KeyRef key = call.key(1);
            Entry entry = call.segment(key).read(key, call.now());
            if (entry != null && Strings.isLong(entry)) {
                borrowing(
                        call,
                        COPIES_OF_DUMP * (long) entry.length(),
                        () -> call.out().bulk(RdbWriter.dump(entry.value())));
                return;
            }
            call.out().bulkOrNull(entry == null ? null : RdbWriter.dump(entry.value()));
        });
        to.add("restore", "Makes a key of a value in RDB form.", DumpCommands::restore);
    }

    /** Has so much of the heap that clients share for a while. */
    private static void borrowing(Call call, long bytes, Runnable work) {
        ClientMemory memory = call.node().memory();
        if (!memory.take(bytes)) {
            throw new CommandException("OOM command not allowed when used memory > 'maxmemory'.");
        }
        try {
            work.run();
        } finally {
            memory.give(bytes);
        }
    }

    private static void restore(Call call) {
        boolean replace = false;
        boolean absolute = false;
        for (int i = 4; i < call.count(); i++) {
            boolean more = i + 1 < call.count();
            if (call.args().is(i, "REPLACE")) {
                replace = true;
            } else if (call.args().is(i, "ABSTTL")) {
                absolute = true;
            } else if (more && call.args().is(i, "IDLETIME")) {
                if (call.integer(++i) < 0) {
                    throw new CommandException("ERR Invalid IDLETIME value, must be >= 0");
                }
            } else if (more && call.args().is(i, "FREQ")) {
                long frequency = call.integer(++i);
                if (frequency < 0 || frequency > MAX_FREQUENCY) {
                    throw new CommandException("ERR Invalid FREQ value, must be >= 0 and <= 255");
                }
            } else {
                throw CommandException.syntax();
            }
        }
        KeyRef key = call.key(1);
        Entry old = call.segment(key).peek(key, call.now());
        if (!replace && old != null) {
            throw new CommandException("BUSYKEY Target key name already exists.");
        }
        long ttl = call.integer(2);
        if (ttl < 0) {
            throw new CommandException("ERR Invalid TTL value, must be >= 0");
        }
        byte[] payload = call.bytes(3);
        if (!RdbReader.intact(payload)) {
            throw new CommandException("ERR DUMP payload version or checksum are wrong");
        }
        Value value;
        try {
            value = RdbReader.restore(
                    payload, call.keyspace().hasher(), call.keyspace().packing());
        } catch (RdbException e) {
            throw new CommandException("ERR Bad data format");
        }
        long expireAt = ttl == 0
                ? Entry.NEVER
                : absolute ? ttl : ttl > Long.MAX_VALUE - 1 - call.now() ? Entry.NEVER - 1 : ttl + call.now();
        if (expireAt <= call.now()) {
            if (old != null) {
                call.segment(key).delete(old);
                call.event(KeyEvents.GENERIC, "del", 1);
            }
        } else {
            SegmentSet one = new SegmentSet();
            one.add(key.slot());
            one.together(call.keyspace(), () -> {
                if (old != null) {
                    call.segment(key).delete(old);
                }
                call.segment(key).putValue(key, value, expireAt, call.now());
            });
            call.event(KeyEvents.GENERIC, "restore", 1);
        }
        call.out().ok();
    }
}
