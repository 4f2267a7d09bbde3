package io.plinth.lbproxy.wire.http2;

/**
 * Decodes header blocks (RFC 7541). Literals are handed on where they stand in the block, table entries where they stand
 * in the table; only Huffman codes are unpacked. Fields beyond the limits are counted, not handed on, so that a small block
 * of references to a large entry costs a loop and no copies. Owned by its connection's event loop.
 */
public final class HpackDecoder {
    private static final int INITIAL_SCRATCH = 512;
    private static final int KEPT_SCRATCH = 16 * 1024;
    private static final int MAX_INT_SHIFT = 21;

    private final int maxTable;
    private final int maxBytes;
    private final int maxFields;
    private final DynamicTable table;
    private byte[] scratch = new byte[INITIAL_SCRATCH];
    private int scratchUsed;
    private byte[] block = scratch;
    private int at;
    private int end;
    private byte[] text = scratch;
    private int textFrom;
    private int textTo;
    private long listBytes;
    private int fields;

    /**
     * Decodes blocks of one direction of a connection.
     *
     * @param maxTable as announced in SETTINGS_HEADER_TABLE_SIZE
     * @param maxBytes of a block's fields as RFC 9113 6.5.2 counts them
     */
    public HpackDecoder(int maxTable, int maxBytes, int maxFields) {
        this.maxTable = maxTable;
        this.maxBytes = maxBytes;
        this.maxFields = maxFields;
        table = new DynamicTable(maxTable);
    }

    /** Whether the last block had more fields or bytes than the limits let through. */
    public boolean overLimit() {
        return listBytes > maxBytes || fields > maxFields;
    }

    /** Decodes a whole block. */
    public void decode(byte[] from, int begin, int to, FieldSink sink) throws Fault {
        block = from;
        at = begin;
        end = to;
        listBytes = 0;
        fields = 0;
        if (scratch.length > KEPT_SCRATCH) {
            scratch = new byte[INITIAL_SCRATCH];
        }
        boolean sizeMayChange = true;
        while (at < end) {
            int first = block[at];
            if (first < 0) {
                indexed(integer(7), sink);
            } else if ((first & 0xe0) == 0x20) {
                resize(sizeMayChange);
                continue;
            } else if ((first & 0x40) != 0) {
                literal(integer(6), true, sink);
            } else {
                literal(integer(4), false, sink);
            }
            sizeMayChange = false;
        }
    }

    private static Fault wrong(String what) {
        return Fault.connection(ErrorCode.COMPRESSION_ERROR, "HPACK: " + what);
    }

    private void resize(boolean allowed) throws Fault {
        int size = integer(5);
        if (!allowed || size > maxTable) {
            throw wrong("table size update out of place or above SETTINGS_HEADER_TABLE_SIZE");
        }
        table.capacity(size);
    }

    /** RFC 7541 5.1; nothing in a block comes near 2^28. */
    private int integer(int prefix) throws Fault {
        int mask = (1 << prefix) - 1;
        int value = block[at++] & mask;
        if (value < mask) {
            return value;
        }
        for (int shift = 0; shift <= MAX_INT_SHIFT; shift += 7) {
            if (at == end) {
                throw wrong("integer cut off");
            }
            int b = block[at++];
            value += (b & 0x7f) << shift;
            if (b >= 0) {
                return value;
            }
        }
        throw wrong("integer too large");
    }

    private void indexed(int index, FieldSink sink) throws Fault {
        if (index > 0 && index <= StaticTable.COUNT) {
            byte[] name = StaticTable.name(index);
            byte[] value = StaticTable.value(index);
            emit(sink, name, 0, name.length, value, 0, value.length);
            return;
        }
        int dynamic = dynamic(index);
        byte[] entry = table.entry(dynamic);
        int nameLength = table.nameLength(dynamic);
        emit(sink, entry, 0, nameLength, entry, nameLength, entry.length);
    }

    private int dynamic(int index) throws Fault {
        int dynamic = index - StaticTable.COUNT - 1;
        if (index == 0 || dynamic >= table.count()) {
            throw wrong("index " + index + " of no entry");
        }
        return dynamic;
    }

    private void literal(int nameIndex, boolean remember, FieldSink sink) throws Fault {
        scratchUsed = 0;
        byte[] name;
        int nameFrom;
        int nameTo;
        boolean nameInScratch = false;
        if (nameIndex == 0) {
            nameInScratch = string();
            name = text;
            nameFrom = textFrom;
            nameTo = textTo;
        } else if (nameIndex <= StaticTable.COUNT) {
            name = StaticTable.name(nameIndex);
            nameFrom = 0;
            nameTo = name.length;
        } else {
            int dynamic = dynamic(nameIndex);
            name = table.entry(dynamic);
            nameFrom = 0;
            nameTo = table.nameLength(dynamic);
        }
        string();
        if (nameInScratch) {
            // It may have moved as the value made it grow.
            name = scratch;
        }
        emit(sink, name, nameFrom, nameTo, text, textFrom, textTo);
        if (remember) {
            table.add(name, nameFrom, nameTo, text, textFrom, textTo);
        }
    }

    /** Sets {@link #text} to a string literal; returns whether it had to be unpacked. */
    private boolean string() throws Fault {
        if (at == end) {
            throw wrong("string cut off");
        }
        boolean huffman = block[at] < 0;
        int length = integer(7);
        if (length > end - at) {
            throw wrong("string longer than its block");
        }
        int from = at;
        at += length;
        if (!huffman) {
            text = block;
            textFrom = from;
            textTo = at;
            return false;
        }
        int bound = scratchUsed + Huffman.bound(length);
        if (bound > scratch.length) {
            byte[] larger = new byte[Math.max(bound, scratch.length * 2)];
            System.arraycopy(scratch, 0, larger, 0, scratchUsed);
            scratch = larger;
        }
        textFrom = scratchUsed;
        textTo = Huffman.decode(block, from, at, scratch, scratchUsed);
        if (textTo < 0) {
            throw wrong("wrong Huffman code or padding");
        }
        text = scratch;
        scratchUsed = textTo;
        return true;
    }

    private void emit(FieldSink sink, byte[] name, int nameFrom, int nameTo, byte[] value, int valueFrom, int valueTo) {
        listBytes += nameTo - nameFrom + valueTo - valueFrom + DynamicTable.OVERHEAD;
        fields++;
        if (!overLimit()) {
            sink.field(name, nameFrom, nameTo, value, valueFrom, valueTo);
        }
    }
}
