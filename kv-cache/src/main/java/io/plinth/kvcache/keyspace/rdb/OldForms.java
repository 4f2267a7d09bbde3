package io.plinth.kvcache.keyspace.rdb;

import io.plinth.kvcache.wire.Numbers;
import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;

/**
 * The packed collections of Redis up to 6.2, as ziplist.c and zipmap.c draw them: small hashes, sorted sets and all lists were ziplists,
 * small hashes before 2.6 zipmaps. What is wrong with one is a {@link RdbException}, as in Redis, which checks each entry, too.
 */
final class OldForms {
    private static final int HEADER = 10;
    private static final int END = 0xff;
    /** A length that takes four more bytes; in a ziplist's count, one that says nothing. */
    private static final int LONG_LENGTH = 254;

    private static final int UNCOUNTED = 0xffff;
    private static final int INT_16 = 0xc0;
    private static final int INT_24 = 0xf0;
    private static final int INT_32 = 0xd0;
    private static final int INT_64 = 0xe0;
    private static final int INT_8 = 0xfe;
    private static final int INT_4_FIRST = 0xf1;
    private static final int INT_4_LAST = 0xfd;

    private final String what;
    private final ByteBuffer in;

    private OldForms(String what, byte[] bytes) {
        this.what = what;
        this.in = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
    }

    /** The entries of a ziplist, in order. */
    static List<byte[]> zipList(byte[] bytes) throws RdbException {
        return new OldForms("ziplist", bytes).entries();
    }

    /** The fields and values of a zipmap, by turns. */
    static List<byte[]> zipMap(byte[] bytes) throws RdbException {
        return new OldForms("zipmap", bytes).pairs();
    }

    private RdbException damaged() {
        return new RdbException(what + ": damaged at byte " + in.position());
    }

    private List<byte[]> entries() throws RdbException {
        try {
            int length = in.getInt();
            int tail = in.getInt();
            int counted = in.getShort() & 0xffff;
            List<byte[]> entries = new ArrayList<>();
            int last = HEADER;
            while ((in.get(in.position()) & 0xff) != END) {
                int at = in.position();
                if (length() != at - last) {
                    throw damaged();
                }
                entries.add(entry());
                last = at;
            }
            boolean whole = length == in.capacity() && in.remaining() == 1;
            if (!whole || tail != last || (counted != UNCOUNTED && counted != entries.size())) {
                throw damaged();
            }
            return entries;
        } catch (BufferUnderflowException | IndexOutOfBoundsException e) {
            throw damaged();
        }
    }

    /** How long what stands before is, or a string in a zipmap: a byte, or four behind {@link #LONG_LENGTH}. */
    private int length() throws RdbException {
        int length = in.get() & 0xff;
        if (length == END) {
            throw damaged();
        }
        return length < LONG_LENGTH ? length : in.getInt();
    }

    private byte[] entry() throws RdbException {
        int form = in.get() & 0xff;
        return switch (form >> 6) {
            case 0 -> take(form);
            case 1 -> take((form & 0x3f) << 8 | (in.get() & 0xff));
            // Redis looks at the two highest bits of a length of 32 bits only.
            case 2 -> take(Integer.reverseBytes(in.getInt()));
            default -> Numbers.bytes(integer(form));
        };
    }

    private long integer(int form) throws RdbException {
        return switch (form) {
            case INT_8 -> in.get();
            case INT_16 -> in.getShort();
            case INT_24 -> (in.getShort() & 0xffff) | in.get() << 16;
            case INT_32 -> in.getInt();
            case INT_64 -> in.getLong();
            default -> {
                if (form < INT_4_FIRST || form > INT_4_LAST) {
                    throw damaged();
                }
                yield form - INT_4_FIRST;
            }
        };
    }

    private byte[] take(int length) throws RdbException {
        // The end stands behind every entry.
        if (length < 0 || length >= in.remaining()) {
            throw damaged();
        }
        byte[] taken = new byte[length];
        in.get(taken);
        return taken;
    }

    private List<byte[]> pairs() throws RdbException {
        try {
            int counted = in.get() & 0xff;
            List<byte[]> pairs = new ArrayList<>();
            while ((in.get(in.position()) & 0xff) != END) {
                pairs.add(take(length()));
                int length = length();
                int unused = in.get() & 0xff;
                pairs.add(take(length));
                take(unused);
            }
            boolean known = counted < LONG_LENGTH;
            if (in.remaining() != 1 || (known && counted != pairs.size() / 2)) {
                throw damaged();
            }
            return pairs;
        } catch (BufferUnderflowException | IndexOutOfBoundsException e) {
            throw damaged();
        }
    }
}
