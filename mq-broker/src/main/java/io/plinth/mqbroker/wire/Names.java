package io.plinth.mqbroker.wire;

import io.netty.buffer.ByteBuf;
import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;

/**
 * Owned by one connection's decoder. Names that came before, by their octets: a publisher says the same few again and again, and a string
 * that is kept has its hash already.
 */
final class Names {
    private static final int SLOTS = 64;
    private static final int LONGEST = 64;

    private record Name(byte[] octets, String text) {}

    /** Null where the slot was never used. */
    private final @Nullable Name[] names = new Name[SLOTS];

    /** Reads a short string. */
    String read(ByteBuf in) {
        Need.bytes(in, 1, "short string length");
        int length = in.readUnsignedByte();
        Need.bytes(in, length, "short string");
        if (length == 0) {
            return "";
        }
        if (length > LONGEST) {
            return ShortString.checked(in.readString(length, StandardCharsets.UTF_8));
        }
        int at = in.readerIndex();
        int slot = slot(in, at, length);
        Name known = names[slot];
        if (known != null && same(known.octets(), in, at, length)) {
            in.skipBytes(length);
            return known.text();
        }
        byte[] bytes = new byte[length];
        in.readBytes(bytes);
        String name = new String(bytes, StandardCharsets.UTF_8);
        names[slot] = new Name(bytes, name);
        return name;
    }

    private static int slot(ByteBuf in, int at, int length) {
        int hash = length;
        for (int i = 0; i < length; i++) {
            hash = 31 * hash + in.getByte(at + i);
        }
        return (hash ^ hash >>> 15) & SLOTS - 1;
    }

    private static boolean same(byte[] known, ByteBuf in, int at, int length) {
        if (known.length != length) {
            return false;
        }
        for (int i = 0; i < length; i++) {
            if (in.getByte(at + i) != known[i]) {
                return false;
            }
        }
        return true;
    }
}
