package io.plinth.kvcache.command.spec;

import io.plinth.kvcache.wire.Args;
import java.util.List;

/** What SET and BITFIELD do to their key, which follows from their other arguments: flag {@code variable_flags} of their key specifications. */
public final class VariableFlags {
    private static final List<String> READ = List.of("RO", "access");
    private static final List<String> OVERWRITE = List.of("OW", "update");
    private static final List<String> READ_AND_WRITE = List.of("RW", "access", "update");

    private VariableFlags() {}

    /** Of a call of {@code command} whose name stands at {@code shift}, as COMMAND GETKEYSANDFLAGS shows them. */
    public static List<String> of(String command, Args args, int shift) {
        if (!command.equals("set")) {
            return onlyReads(args, shift) ? READ : READ_AND_WRITE;
        }
        for (int i = shift + 3; i < args.count(); i++) {
            if (args.is(i, "GET")) {
                return READ_AND_WRITE;
            }
        }
        return OVERWRITE;
    }

    /** Of BITFIELD: whether nothing but GET and OVERFLOW are in it. */
    private static boolean onlyReads(Args args, int shift) {
        for (int i = shift + 2; i < args.count(); i++) {
            int left = args.count() - i - 1;
            if (args.is(i, "GET") && left >= 2) {
                i += 2;
            } else if (args.is(i, "OVERFLOW") && left >= 1) {
                i++;
            } else {
                return false;
            }
        }
        return true;
    }
}
