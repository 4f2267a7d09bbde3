package io.plinth.geodns.wire;

import io.netty.buffer.ByteBuf;

/** Owned by one event loop: the names one message has so far, so that later ones end in a pointer (RFC 1035 section 4.1.4). */
final class NameCompressor {
    /** Enough for every message worth compressing; beyond it names are written out. */
    private static final int MAX_SUFFIXES = 64;

    private static final int MAX_POINTER = 0x3FFF;

    private final Name[] names = new Name[MAX_SUFFIXES];
    private final int[] skips = new int[MAX_SUFFIXES];
    private final int[] offsets = new int[MAX_SUFFIXES];
    private int size;

    void clear() {
        size = 0;
    }

    /** Writes a name, as much of it as the message does not have yet; {@code start} is where the message begins. */
    void write(Name name, ByteBuf out, int start) {
        int labels = name.labels();
        int known = size;
        for (int skip = 0; skip < labels; skip++) {
            int pointer = find(name, skip, known);
            if (pointer >= 0) {
                out.writeShort(0xC000 | pointer);
                return;
            }
            int offset = out.writerIndex() - start;
            if (size < MAX_SUFFIXES && offset <= MAX_POINTER) {
                names[size] = name;
                skips[size] = skip;
                offsets[size++] = offset;
            }
            int from = name.offset(skip);
            out.writeBytes(name.octets(), from, name.offset(skip + 1) - from);
        }
        out.writeByte(0);
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
