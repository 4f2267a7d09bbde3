package io.plinth.lbproxy.wire.http1;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;

/** Byte classes of RFC 9110 5.6.2 and RFC 3986, and the scan that finds the end of a line eight bytes at a time. */
public final class Octets {
    static final byte CR = '\r';
    static final byte LF = '\n';
    static final byte TAB = '\t';
    static final byte SPACE = ' ';

    private static final VarHandle LONG = MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);
    private static final long ONES = 0x0101010101010101L;
    private static final long HIGHS = 0x8080808080808080L;
    private static final long SPACES = 0x20L * ONES;
    private static final long DELS = 0x7fL * ONES;

    /** The lower-case form of a token character, 0 for every other byte. */
    private static final byte[] TOKEN = new byte[256];

    private static final boolean[] TARGET = new boolean[256];

    static {
        for (char c : "!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyz".toCharArray()) {
            TOKEN[c] = (byte) c;
        }
        for (char c = 'A'; c <= 'Z'; c++) {
            TOKEN[c] = (byte) (c + 32);
        }
        for (int c = 0x21; c < 0x7f; c++) {
            TARGET[c] = c != '#';
        }
    }

    private Octets() {}

    /** The lower-case form of a token character, 0 when {@code octet} is none. */
    public static byte token(byte octet) {
        return TOKEN[octet & 0xff];
    }

    /** Whether a request target may hold it: printable ASCII but a fragment's mark. */
    static boolean target(byte octet) {
        return TARGET[octet & 0xff];
    }

    /** ASCII letters in lower case, all other bytes as they are. */
    public static byte lower(byte octet) {
        return octet >= 'A' && octet <= 'Z' ? (byte) (octet + 32) : octet;
    }

    /** Index of the first control byte (below space, or DEL) in {@code [from, to)}, or -1. */
    static int control(byte[] bytes, int from, int to) {
        int i = from;
        for (; i <= to - Long.BYTES; i += Long.BYTES) {
            long word = (long) LONG.get(bytes, i);
            long belowSpace = (word - SPACES) & ~word;
            long xor = word ^ DELS;
            long del = (xor - ONES) & ~xor;
            long hit = (belowSpace | del) & HIGHS;
            if (hit != 0) {
                // A borrow can only raise bytes above a true hit, so the lowest is always true.
                return i + (Long.numberOfTrailingZeros(hit) >>> 3);
            }
        }
        for (; i < to; i++) {
            byte b = bytes[i];
            if ((b >= 0 && b < SPACE) || b == 0x7f) {
                return i;
            }
        }
        return -1;
    }

    /** Whether {@code [from, to)} is {@code lowerCase} but for the case of its letters. */
    public static boolean equalsIgnoreCase(byte[] bytes, int from, int to, byte[] lowerCase) {
        if (to - from != lowerCase.length) {
            return false;
        }
        for (int i = 0; i < lowerCase.length; i++) {
            if (lower(bytes[from + i]) != lowerCase[i]) {
                return false;
            }
        }
        return true;
    }

    /** Whether two stretches are the same but for the case of their letters. */
    public static boolean same(byte[] one, int from, int to, byte[] other, int otherFrom, int otherTo) {
        if (to - from != otherTo - otherFrom) {
            return false;
        }
        for (int i = 0; i < to - from; i++) {
            if (lower(one[from + i]) != lower(other[otherFrom + i])) {
                return false;
            }
        }
        return true;
    }
}
