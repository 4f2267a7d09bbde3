package io.plinth.lbproxy.wire.http2;

import io.plinth.lbproxy.wire.http1.Head;
import io.plinth.lbproxy.wire.http1.HeaderName;
import io.plinth.lbproxy.wire.http1.Octets;
import java.util.Arrays;

/**
 * Encodes header blocks (RFC 7541) straight from a parsed head's bytes. A field enters the table when it is met a second
 * time, so what changes with every message does not push out what stays. No Huffman codes: our CPU is dearer than a
 * client's bytes. Owned by its connection's event loop.
 */
public final class HpackEncoder {
    private static final int INITIAL = 1024;
    private static final int KEPT = 16 * 1024;
    private static final int SLOTS = 256;
    private static final int LONGEST_ENTRY = 256;

    private final DynamicTable table;
    private final int maxTable;
    /** By a field's hash: the number of the entry that has it, when it still has. */
    private final long[] entries = new long[SLOTS];

    private final int[] hashes = new int[SLOTS];
    private byte[] out = new byte[INITIAL];
    private int length;
    private byte[] name = new byte[64];
    private int smallest = Integer.MAX_VALUE;

    public HpackEncoder(int maxTable) {
        this.maxTable = maxTable;
        table = new DynamicTable(maxTable);
        Arrays.fill(entries, -1);
    }

    /** The peer's SETTINGS_HEADER_TABLE_SIZE; announced in the next block (RFC 7541 4.2). */
    public void tableSize(int size) {
        int next = Math.min(size, maxTable);
        if (next != table.capacity()) {
            smallest = Math.min(smallest, next);
            table.capacity(next);
        }
    }

    /** Begins a block. */
    public HpackEncoder begin() {
        length = 0;
        if (out.length > KEPT) {
            out = new byte[INITIAL];
        }
        if (smallest != Integer.MAX_VALUE) {
            if (smallest < table.capacity()) {
                integer(0x20, 5, smallest);
            }
            integer(0x20, 5, table.capacity());
            smallest = Integer.MAX_VALUE;
        }
        return this;
    }

    public byte[] block() {
        return out;
    }

    public int length() {
        return length;
    }

    public void status(int status) {
        int index = StaticTable.status(status);
        if (index != 0) {
            integer(0x80, 7, index);
            return;
        }
        integer(0, 4, StaticTable.STATUS);
        integer(0, 7, 3);
        room(3);
        out[length++] = (byte) ('0' + status / 100);
        out[length++] = (byte) ('0' + status / 10 % 10);
        out[length++] = (byte) ('0' + status % 10);
    }

    /** A field that is the entry of the static table. */
    public void indexed(int index) {
        integer(0x80, 7, index);
    }

    /** A field whose name is an entry of the static table and whose value is not worth remembering. */
    public void literal(int nameIndex, byte[] value, int from, int to) {
        integer(0, 4, nameIndex);
        string(value, from, to);
    }

    /** A field of its own, its name in any case. */
    public void field(byte[] anyName, byte[] value) {
        field(anyName, 0, anyName.length, value, 0, value.length);
    }

    /** Every field whose name's bit is not in {@code dropped}. */
    public void fields(Head head, long dropped) {
        for (int field = 0; field < head.count(); field++) {
            field(head, field, dropped);
        }
    }

    /** A head's field, unless its name's bit is in {@code dropped}. */
    public void field(Head head, int field, long dropped) {
        if ((HeaderName.bit(head.id(field)) & dropped) == 0) {
            byte[] bytes = head.bytes();
            field(
                    bytes,
                    head.nameStart(field),
                    head.nameEnd(field),
                    bytes,
                    head.valueStart(field),
                    head.valueEnd(field));
        }
    }

    /** A field with its name in any case. */
    public void field(byte[] anyName, int nameFrom, int nameTo, byte[] value, int from, int to) {
        int nameLength = nameTo - nameFrom;
        if (nameLength > name.length) {
            name = new byte[nameLength * 2];
        }
        int nameHash = 0;
        for (int i = 0; i < nameLength; i++) {
            byte lower = Octets.lower(anyName[nameFrom + i]);
            name[i] = lower;
            nameHash = nameHash * 31 + lower;
        }
        int nameIndex = StaticTable.find(name, 0, nameLength, nameHash);
        if (secret(nameIndex)) {
            integer(0x10, 4, nameIndex);
            string(value, from, to);
            return;
        }
        if (nameLength + to - from > LONGEST_ENTRY) {
            literal(0, nameIndex, nameLength, value, from, to);
            return;
        }
        int hash = nameHash;
        for (int i = from; i < to; i++) {
            hash = hash * 31 + value[i];
        }
        int slot = (hash ^ hash >>> 8 ^ hash >>> 16) & SLOTS - 1;
        int known = known(slot, hash, nameLength, value, from, to);
        if (known >= 0) {
            integer(0x80, 7, StaticTable.COUNT + 1 + known);
        } else if (hashes[slot] == hash && table.capacity() > 0) {
            literal(0x40, nameIndex, nameLength, value, from, to);
            table.add(name, 0, nameLength, value, from, to);
            entries[slot] = table.added() - 1;
        } else {
            hashes[slot] = hash;
            entries[slot] = -1;
            literal(0, nameIndex, nameLength, value, from, to);
        }
    }

    /** RFC 7541 7.1.3: no table of an intermediary is to hold them. */
    private static boolean secret(int nameIndex) {
        return nameIndex == StaticTable.AUTHORIZATION
                || nameIndex == StaticTable.COOKIE
                || nameIndex == StaticTable.SET_COOKIE
                || nameIndex == StaticTable.PROXY_AUTHORIZATION;
    }

    private int known(int slot, int hash, int nameLength, byte[] value, int from, int to) {
        long age = table.added() - 1 - entries[slot];
        if (entries[slot] < 0 || hashes[slot] != hash || age >= table.count()) {
            return -1;
        }
        int index = (int) age;
        byte[] entry = table.entry(index);
        boolean same = table.nameLength(index) == nameLength
                && Arrays.equals(entry, 0, nameLength, name, 0, nameLength)
                && Arrays.equals(entry, nameLength, entry.length, value, from, to);
        return same ? index : -1;
    }

    private void literal(int kind, int nameIndex, int nameLength, byte[] value, int from, int to) {
        integer(kind, kind == 0x40 ? 6 : 4, nameIndex);
        if (nameIndex == 0) {
            string(name, 0, nameLength);
        }
        string(value, from, to);
    }

    private void string(byte[] bytes, int from, int to) {
        integer(0, 7, to - from);
        room(to - from);
        System.arraycopy(bytes, from, out, length, to - from);
        length += to - from;
    }

    private void integer(int pattern, int prefix, int value) {
        room(6);
        int mask = (1 << prefix) - 1;
        if (value < mask) {
            out[length++] = (byte) (pattern | value);
            return;
        }
        out[length++] = (byte) (pattern | mask);
        int rest = value - mask;
        while (rest >= 128) {
            out[length++] = (byte) (rest | 128);
            rest >>>= 7;
        }
        out[length++] = (byte) rest;
    }

    private void room(int count) {
        if (length + count > out.length) {
            out = Arrays.copyOf(out, Math.max(out.length * 2, length + count));
        }
    }
}
