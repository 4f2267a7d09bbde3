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
import io.plinth.kvcache.session.Blocked;
import io.plinth.kvcache.session.Client;
import io.plinth.kvcache.wire.Doubles;
import java.util.Locale;

/** DUMP, RESTORE and the forms of DEBUG that test tools use. */
public final class DumpCommands {
    private static final int MAX_FREQUENCY = 255;
    private static final long LONGEST_SLEEP = 60_000;

    private DumpCommands() {}

    /** Adds them. */
    public static void register(CommandTable.Builder to) {
        to.add("dump", "Returns a value in RDB form.", call -> {
            KeyRef key = call.key(1);
            Entry entry = call.segment(key).read(key, call.now());
            call.out().bulkOrNull(entry == null ? null : RdbWriter.dump(entry.value()));
        });
        to.add("restore", "Makes a key of a value in RDB form.", DumpCommands::restore);
        to.add("debug", "Lets test tools look inside.", DumpCommands::debug);
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

    private static void debug(Call call) {
        switch (call.text(1).toUpperCase(Locale.ROOT)) {
            case "SLEEP" -> sleep(call);
            case "OBJECT" -> object(call);
            case "SET-ACTIVE-EXPIRE" -> call.out().ok();
            default ->
                throw new CommandException("ERR DEBUG " + CommandException.clean(call.text(1))
                        + " is not supported (expected: SLEEP, OBJECT or SET-ACTIVE-EXPIRE)");
        }
    }

    private static void object(Call call) {
        if (call.count() != 3) {
            throw CommandException.arity("debug|object");
        }
        KeyRef key = call.key(2);
        call.segment(key).lock();
        try {
            Entry entry = call.segment(key).peek(key, call.now());
            if (entry == null) {
                throw new CommandException("ERR no such key");
            }
            call.out()
                    .simple("Value at:0x0 refcount:1 encoding:" + entry.value().encoding() + " serializedlength:"
                            + (RdbWriter.dump(entry.value()).length - 11) + " lru:0 lru_seconds_idle:"
                            + call.keyspace().idleSeconds(entry, call.now()));
        } finally {
            call.segment(key).unlock();
        }
    }

    /** Nothing on a loop sleeps: all commands wait instead, and this one's reply comes when they go on. */
    private static void sleep(Call call) {
        byte[] given = call.bytes(2);
        double number = Doubles.parse(given, 0, given.length);
        // As strtod has it.
        double seconds = Double.isNaN(number) ? 0 : number;
        long millis = (long) Math.clamp(seconds * 1000, 0, LONGEST_SLEEP);
        Client client = call.client();
        call.node().clients().pause(call.now() + millis, false);
        Blocked sleeping = new Blocked() {
            @Override
            public boolean end(boolean error) {
                return false;
            }

            @Override
            public void abandon() {}
        };
        client.blocked(sleeping);
        client.outlet().schedule(millis, () -> {
            if (!client.closing()) {
                client.blocked(null);
                client.out().ok();
                client.outlet().unblocked();
            }
        });
    }
}
