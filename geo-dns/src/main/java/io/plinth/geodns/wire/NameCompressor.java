package io.plinth.geodns.wire;

/** Owned by one event loop: the names one message has so far, so that later ones end in a pointer (RFC 1035 section 4.1.4). */
final class NameCompressor {
    /** Enough for every message worth compressing; beyond it names are written out. */
    private static final int MAX_SUFFIXES = 64;

    private static final int MAX_POINTER = 0x3FFF;

    private final Name[] names = new Name[MAX_SUFFIXES];
    private final int[] skips = new int[MAX_SUFFIXES];
    private final int[] offsets = new int[MAX_SUFFIXES];
    private int size;
    private short[] pointers = new short[MAX_SUFFIXES];
    private int pointerCount;

    void clear() {
        size = 0;
        pointerCount = 0;
    }

    /** Where pointers were written so far, from the beginning of the message. */
    short[] pointers() {
        return java.util.Arrays.copyOf(pointers, pointerCount);
    }

    /** Knows a name that is in the message already. */
    void know(Name name, int offset) {
        for (int skip = 0; skip < name.labels(); skip++) {
            remember(name, skip, offset + name.offset(skip));
        }
    }

    private void remember(Name name, int skip, int offset) {
        if (size < MAX_SUFFIXES && offset <= MAX_POINTER) {
            names[size] = name;
            skips[size] = skip;
            offsets[size++] = offset;
        }
    }

    /** Writes a name, as much of it as the message does not have yet; {@code start} is where the message begins. */
    int write(Name name, byte[] out, int from, int start) {
        int labels = name.labels();
        int known = size;
        int at = from;
        int offset = 0;
        byte[] octets = name.octets();
        for (int skip = 0; skip < labels; skip++) {
            int pointer = find(name, skip, known);
            if (pointer >= 0) {
                point(out, at, start, pointer);
                return at + 2;
            }
            remember(name, skip, at - start);
            int length = octets[offset] + 1;
            System.arraycopy(octets, offset, out, at, length);
            at += length;
            offset += length;
        }
        out[at] = 0;
        return at + 1;
    }

    private void point(byte[] out, int at, int start, int pointer) {
        Octets.putShort(out, at, 0xC000 | pointer);
        if (pointerCount == pointers.length) {
            pointers = java.util.Arrays.copyOf(pointers, pointerCount * 2);
        }
        pointers[pointerCount++] = (short) (at - start);
    }

    private int find(Name name, int skip, int known) {
        for (int i = 0; i < known; i++) {
            if (names[i].suffixEquals(skips[i], name, skip)) {
                return offsets[i];
            }
        }
        return -1;
    }
}
