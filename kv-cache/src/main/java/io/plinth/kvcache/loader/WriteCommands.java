package io.plinth.kvcache.loader;

import io.plinth.kvcache.command.Command;
import io.plinth.kvcache.command.CommandException;
import io.plinth.kvcache.wire.Args;
import io.plinth.kvcache.wire.Numbers;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;

/** Which values commands write to where a loader has to know of it. */
final class WriteCommands {
    private static final Set<String> WRITES = Set.of("set", "setex", "psetex", "mset", "del", "unlink");
    /** They change no value. */
    private static final Set<String> OTHERS = Set.of(
            "expire",
            "pexpire",
            "expireat",
            "pexpireat",
            "persist",
            "getex",
            "cache.set",
            "cache.negative",
            "cache.invalidate");

    private static final Set<String> EXPIRIES = Set.of("EX", "PX", "EXAT", "PXAT");

    private WriteCommands() {}

    /** A key at an argument and its value at another; -1 where it is removed. */
    record Written(int key, int value) {}

    /** Whether it changes no value. */
    static boolean harmless(Command command) {
        return OTHERS.contains(command.name());
    }

    /** Whether it is one that can be handed on. */
    static boolean known(Command command) {
        return WRITES.contains(command.name());
    }

    /** What a command writes; refused where it would not be done as it stands. */
    static List<Written> of(Command command, Args args) {
        List<Written> written = new ArrayList<>();
        switch (command.name()) {
            case "set" -> {
                checkSet(args);
                written.add(new Written(1, 2));
            }
            case "setex", "psetex" -> {
                checkExpiry(args, 2);
                written.add(new Written(1, 3));
            }
            case "mset" -> {
                if (args.count() % 2 == 0) {
                    throw CommandException.arity(command.name());
                }
                for (int i = 1; i < args.count(); i += 2) {
                    written.add(new Written(i, i + 1));
                }
            }
            default -> {
                for (int i = 1; i < args.count(); i++) {
                    written.add(new Written(i, -1));
                }
            }
        }
        return written;
    }

    private static void checkSet(Args args) {
        boolean expiry = false;
        for (int i = 3; i < args.count(); i++) {
            int at = i;
            if (EXPIRIES.stream().anyMatch(word -> args.is(at, word)) && i + 1 < args.count() && !expiry) {
                checkExpiry(args, ++i);
                expiry = true;
            } else if (args.is(i, "KEEPTTL") && !expiry) {
                expiry = true;
            } else if (args.is(i, "NX") || args.is(i, "XX") || args.is(i, "GET")) {
                throw new CommandException("ERR SET with NX, XX or GET is not for keys whose writes go to a loader");
            } else {
                throw CommandException.syntax();
            }
        }
    }

    private static void checkExpiry(Args args, int arg) {
        long value = Numbers.parse(args.buffer(), args.offset(arg), args.length(arg));
        if (value == Numbers.INVALID) {
            throw CommandException.notInteger();
        }
        if (value <= 0 || value > Long.MAX_VALUE / 1000 / 2) {
            throw new CommandException("ERR invalid expire time in 'set' command");
        }
    }
}
