package io.plinth.kvcache.keyspace.value;

import io.plinth.kvcache.wire.Numbers;

/** How the elements of a {@link ListPack} are written: a first byte that says what follows, and behind each how long it was. */
final class ListPackForm {
    static final int INT_13 = 0xc0;
    static final int INT_16 = 0xf1;
    static final int INT_24 = 0xf2;
    static final int INT_32 = 0xf3;
    static final int INT_64 = 0xf4;
    static final int STRING_6 = 0x80;
    static final int STRING_12 = 0xe0;
    static final int STRING_32 = 0xf0;

    private ListPackForm() {}

    static boolean isInteger(int type) {
        return type < STRING_6 || (type & 0xe0) == INT_13 || (type >= INT_16 && type <= INT_64);
    }

    static int integerWidth(int type) {
        return switch (type) {
            case INT_16 -> 2;
            case INT_24 -> 3;
            case INT_32 -> 4;
            default -> 8;
        };
    }

    static int stringHeader(int type) {
        if ((type & 0xc0) == STRING_6) {
            return 1;
        }
        return type == STRING_32 ? 5 : 2;
    }

    /** How many bytes follow an element to say how long it is. */
    static int backSize(long size) {
        if (size <= 127) {
            return 1;
        }
        if (size < 16383) {
            return 2;
        }
        if (size < 2097151) {
            return 3;
        }
        return size < 268435455 ? 4 : 5;
    }

    /** How many bytes an element takes. */
    static int entrySize(byte[] value) {
        int size = encodedSize(value);
        return size + backSize(size);
    }

    static int encodedSize(byte[] value) {
        if (Numbers.isLong(value, 0, value.length)) {
            long number = Numbers.parse(value, 0, value.length);
            if (number >= 0 && number <= 127) {
                return 1;
            }
            if (number >= -4096 && number <= 4095) {
                return 2;
            }
            return 1 + width(number);
        }
        return value.length + (value.length < 64 ? 1 : value.length < 4096 ? 2 : 5);
    }

    static int width(long number) {
        if (number >= Short.MIN_VALUE && number <= Short.MAX_VALUE) {
            return 2;
        }
        if (number >= -(1 << 23) && number < 1 << 23) {
            return 3;
        }
        return number == (int) number ? 4 : 8;
    }
}
