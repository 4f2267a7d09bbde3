package io.plinth.kvcache.lua.lib;

import io.plinth.kvcache.lua.Arguments;
import io.plinth.kvcache.lua.Builtin;
import io.plinth.kvcache.lua.Interp;
import io.plinth.kvcache.lua.LuaNull;
import io.plinth.kvcache.lua.LuaTable;
import io.plinth.kvcache.lua.Values;

/** {@code cjson}. */
public final class CjsonLibrary {
    private CjsonLibrary() {}

    /** Adds it. */
    public static void open(Interp in) {
        in.globals().set("cjson", library());
    }

    private static LuaTable library() {
        LuaTable library = new LuaTable();
        JsonSettings settings = new JsonSettings();
        Builtin.add(library, "encode", (i, args) -> {
            one(args);
            return new JsonEncoder(i, settings).encode(args.get(1));
        });
        Builtin.add(library, "decode", (i, args) -> {
            one(args);
            return new JsonDecoder(i, settings, args.text(1)).decode();
        });
        Builtin.add(library, "encode_sparse_array", (i, args) -> {
            most(args, 3);
            settings.sparseConvert = flag(args, 1, settings.sparseConvert);
            settings.sparseRatio = bounded(args, 2, settings.sparseRatio, 0, Integer.MAX_VALUE);
            settings.sparseSafe = bounded(args, 3, settings.sparseSafe, 0, Integer.MAX_VALUE);
            return new Object[] {settings.sparseConvert, (double) settings.sparseRatio, (double) settings.sparseSafe};
        });
        Builtin.add(library, "encode_max_depth", (i, args) -> {
            most(args, 1);
            settings.encodeDepth = Math.min(1000, bounded(args, 1, settings.encodeDepth, 1, Integer.MAX_VALUE));
            return (double) settings.encodeDepth;
        });
        Builtin.add(library, "decode_max_depth", (i, args) -> {
            most(args, 1);
            settings.decodeDepth = Math.min(1000, bounded(args, 1, settings.decodeDepth, 1, Integer.MAX_VALUE));
            return (double) settings.decodeDepth;
        });
        Builtin.add(library, "encode_number_precision", (i, args) -> {
            most(args, 1);
            settings.precision = bounded(args, 1, settings.precision, 1, 14);
            return (double) settings.precision;
        });
        Builtin.add(library, "encode_keep_buffer", (i, args) -> {
            most(args, 1);
            settings.keepBuffer = flag(args, 1, settings.keepBuffer);
            return settings.keepBuffer;
        });
        Builtin.add(library, "encode_invalid_numbers", (i, args) -> {
            most(args, 1);
            if ("null".equals(args.get(1))) {
                settings.encodeInvalid = JsonSettings.NULL;
            } else if (args.get(1) != null) {
                settings.encodeInvalid = flag(args, 1, false) ? JsonSettings.ON : JsonSettings.OFF;
            }
            return settings.encodeInvalid == JsonSettings.NULL
                    ? "null"
                    : (Object) (settings.encodeInvalid == JsonSettings.ON);
        });
        Builtin.add(library, "decode_invalid_numbers", (i, args) -> {
            most(args, 1);
            settings.decodeInvalid = flag(args, 1, settings.decodeInvalid);
            return settings.decodeInvalid;
        });
        Builtin.add(library, "new", (i, args) -> library());
        library.set("null", LuaNull.NULL);
        library.set("_NAME", "cjson");
        library.set("_VERSION", "2.1.0");
        return library;
    }

    private static void one(Arguments args) {
        if (args.count() != 1) {
            throw args.bad(1, "expected 1 argument");
        }
    }

    private static void most(Arguments args, int count) {
        if (args.count() > count) {
            throw args.bad(count + 1, "found too many arguments");
        }
    }

    private static boolean flag(Arguments args, int i, boolean otherwise) {
        Object value = args.get(i);
        if (value == null) {
            return otherwise;
        }
        if (value instanceof Boolean yes) {
            return yes;
        }
        if ("on".equals(value) || "off".equals(value)) {
            return "on".equals(value);
        }
        throw args.bad(i, "invalid option '" + Values.show(value) + "'");
    }

    private static int bounded(Arguments args, int i, int otherwise, int least, int most) {
        if (args.get(i) == null) {
            return otherwise;
        }
        int value = args.small(i);
        if (value < least || value > most) {
            throw args.bad(i, "expected integer between " + least + " and " + most);
        }
        return value;
    }
}
