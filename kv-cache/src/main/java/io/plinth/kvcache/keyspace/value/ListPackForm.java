package io.plinth.kvcache.keyspace.value;

import io.plinth.kvcache.wire.Numbers;
import java.util.Arrays;

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

    /** The first byte of an integer of so many bytes. */
    static int integerType(int width) {
        return switch (width) {
            case 2 -> INT_16;
            case 3 -> INT_24;
            case 4 -> INT_32;
            default -> INT_64;
        };
    }

    /** How many bytes an element takes that is a count. */
    static int countSize(int count) {
        return count <= 127 ? 2 : count <= 4095 ? 3 : 2 + width(count);
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

    /** Owned by one caller: elements of a {@link ListPack} that are to be appended together, encoded one after the other. */
    static final class Writer {
        /** What an element takes at most beside its bytes: five before it, five behind. */
        private static final int MOST_AROUND = 10;

        private byte[] bytes;
        private int length;
        private int elements;

        /** One that expects so many bytes. */
        Writer(int expected) {
            bytes = new byte[Math.max(16, expected)];
        }

        byte[] bytes() {
            return bytes;
        }

        int length() {
            return length;
        }

        int elements() {
            return elements;
        }

        private void room(int more) {
            int needed = Math.addExact(length, more);
            if (needed > bytes.length) {
                bytes = Arrays.copyOf(bytes, Math.max(needed, (int)
                        Math.min(Integer.MAX_VALUE - 8, bytes.length * 2L)));
            }
        }

        private void one(int value) {
            bytes[length++] = (byte) value;
        }

        void add(byte[] value) {
            if (Numbers.isLong(value, 0, value.length)) {
                add(Numbers.parse(value, 0, value.length));
                return;
            }
            room(Math.addExact(value.length, MOST_AROUND));
            int from = length;
            if (value.length < 64) {
                one(STRING_6 | value.length);
            } else if (value.length < 4096) {
                one(STRING_12 | value.length >>> 8);
                one(value.length);
            } else {
                one(STRING_32);
                little(value.length, 4);
            }
            System.arraycopy(value, 0, bytes, length, value.length);
            length += value.length;
            end(from);
        }

        void add(long number) {
            room(MOST_AROUND);
            int from = length;
            if (number >= 0 && number <= 127) {
                one((int) number);
            } else if (number >= -4096 && number <= 4095) {
                one(INT_13 | (int) (number >>> 8 & 0x1f));
                one((int) number);
            } else {
                int width = width(number);
                one(integerType(width));
                little(number, width);
            }
            end(from);
        }

        private void little(long number, int width) {
            for (int i = 0; i < width; i++) {
                one((int) (number >>> (8 * i)));
            }
        }

        /** How long it was, behind it: seven bits a byte, the highest first. */
        private void end(int from) {
            int size = length - from;
            int back = backSize(size);
            for (int i = back - 1; i >= 0; i--) {
                int part = size >>> (7 * i) & 127;
                one(i == back - 1 ? part : part | 128);
            }
            elements++;
        }
    }
}
