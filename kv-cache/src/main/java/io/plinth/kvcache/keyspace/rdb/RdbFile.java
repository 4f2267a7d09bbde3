package io.plinth.kvcache.keyspace.rdb;

import io.plinth.kvcache.keyspace.value.KeyHash;
import io.plinth.kvcache.keyspace.value.Packing;
import io.plinth.kvcache.keyspace.value.Value;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;

/** Owned by one caller: reads a whole file as Redis writes it, of versions 1 to 12, with the types that {@link RdbReader} knows. */
public final class RdbFile {
    private static final int NEWEST = 12;
    private static final int WITH_CHECKSUM = 5;

    private static final int SLOT = 0xf4;
    /** A library's source follows. */
    static final int FUNCTION = 0xf5;

    private static final int FREQUENCY = 0xf9;
    private static final int IDLE = 0xf8;
    static final int AUXILIARY = 0xfa;
    private static final int SIZES = 0xfb;
    static final int EXPIRY_MILLIS = 0xfc;
    private static final int EXPIRY_SECONDS = 0xfd;
    static final int DATABASE = 0xfe;
    static final int END = 0xff;

    private RdbFile() {}

    /** Is told what a file has. */
    public interface Visitor {
        /** A key; {@code expireAt} in Unix milliseconds, or -1. */
        void key(long db, byte[] key, Value value, long expireAt);

        /** A library of functions. */
        void library(byte[] code);
    }

    /** Reads all of it; answers how many keys there were. */
    public static long read(InputStream from, int longest, KeyHash hasher, Packing packing, Visitor visitor)
            throws RdbException {
        RdbStream in = new RdbStream(from, longest);
        RdbReader reader = new RdbReader(in, hasher, packing);
        int version = version(in);
        long db = 0;
        long expireAt = -1;
        long keys = 0;
        while (true) {
            int code = in.next();
            switch (code) {
                case AUXILIARY -> {
                    reader.string();
                    reader.string();
                }
                case SIZES -> {
                    reader.length();
                    reader.length();
                }
                case SLOT -> {
                    reader.length();
                    reader.length();
                    reader.length();
                }
                case DATABASE -> db = reader.length();
                case EXPIRY_MILLIS -> expireAt = reader.little(8);
                case EXPIRY_SECONDS -> expireAt = reader.little(4) * 1000;
                case IDLE -> reader.length();
                case FREQUENCY -> in.next();
                case FUNCTION -> visitor.library(reader.string());
                case END -> {
                    end(in, reader, version);
                    return keys;
                }
                default -> {
                    byte[] key = reader.string();
                    visitor.key(db, key, value(reader, code, key, in), expireAt);
                    expireAt = -1;
                    keys++;
                }
            }
        }
    }

    private static int version(RdbStream in) throws RdbException {
        String head = new String(in.take(9), StandardCharsets.ISO_8859_1);
        if (!head.matches("REDIS\\d{4}")) {
            throw new RdbException("file: not one of Redis (expected: REDIS and a version at its begin)");
        }
        int version = Integer.parseInt(head.substring(5));
        if (version < 1 || version > NEWEST) {
            throw new RdbException("version: " + version + " (expected: 1 to " + NEWEST + ")");
        }
        return version;
    }

    private static Value value(RdbReader reader, int type, byte[] key, RdbStream in) throws RdbException {
        long at = in.at();
        try {
            return reader.value(type);
        } catch (RdbException | RuntimeException e) {
            String name = new String(key, StandardCharsets.ISO_8859_1);
            throw new RdbException("key " + (name.length() > 64 ? name.substring(0, 64) + "..." : name) + ", type "
                    + type + ", at byte " + at + ": " + e.getMessage());
        }
    }

    private static void end(RdbStream in, RdbReader reader, int version) throws RdbException {
        if (version < WITH_CHECKSUM) {
            return;
        }
        long found = in.crc();
        long written = reader.little(8);
        // 0 where Redis was told not to compute one.
        if (written != 0 && written != found) {
            throw new RdbException("checksum: " + Long.toHexString(found) + " (expected: " + Long.toHexString(written)
                    + "; the file is damaged)");
        }
    }
}
