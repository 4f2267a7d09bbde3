package io.plinth.kvcache.keyspace.value;

import io.plinth.kvcache.keyspace.memory.Blocks;
import io.plinth.kvcache.wire.Numbers;
import io.plinth.kvcache.wire.ReplyWriter;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * Guarded by its key's segment lock: a sequence of strings as one run of bytes, in the listpack format that RDB files carry, too,
 * but for what stands before and behind its elements. An element is named by the offset where it starts; {@link #END} is no
 * element. Integers take one to nine bytes.
 */
public final class ListPack extends PackedBytes {
    /** The offset of no element. */
    public static final int END = -1;

    private static final int HEADER = 6;
    /** Of one without elements, bytes in use as Redis counts them. */
    static final int EMPTY = HEADER + 1;

    private static final int EOF = 0xff;
    private static final int UNCOUNTED = 0xffff;

    public ListPack() {}

    /** The elements of a record, which has room for so many bytes. */
    public ListPack(long address, int room, int length, int count) {
        super(address, room, length, count);
    }

    /** None yet, with native memory of their own from there for so many bytes; it throws where there is none. */
    ListPack(Blocks from, int bytes) {
        super(from, bytes);
    }

    private ListPack(byte[] elements, int count) {
        super(elements, count);
    }

    /** Reads one in the RDB's form; null where it is damaged. */
    public static @Nullable ListPack of(byte[] dump) {
        if (dump.length < HEADER + 1 || (dump[dump.length - 1] & 0xff) != EOF || length(dump) != dump.length) {
            return null;
        }
        ListPack pack = new ListPack(Arrays.copyOfRange(dump, HEADER, dump.length - 1), 0);
        int at = 0;
        while (at < pack.length()) {
            long size = pack.checkedSize(at);
            if (size < 0 || at + size + ListPackForm.backSize(size) > pack.length()) {
                return null;
            }
            int next = (int) (at + size + ListPackForm.backSize(size));
            if (pack.sizeBefore(next) != size) {
                return null;
            }
            at = next;
            pack.count++;
        }
        int counted = (dump[4] & 0xff) | (dump[5] & 0xff) << 8;
        return counted == UNCOUNTED || counted == pack.count ? pack : null;
    }

    private static int length(byte[] dump) {
        return (dump[0] & 0xff) | (dump[1] & 0xff) << 8 | (dump[2] & 0xff) << 16 | (dump[3] & 0xff) << 24;
    }

    /** In the RDB's form. */
    public byte[] dump() {
        byte[] dump = new byte[used()];
        copyTo(dump, HEADER);
        dump[dump.length - 1] = (byte) EOF;
        int length = dump.length;
        for (int i = 0; i < 4; i++) {
            dump[i] = (byte) (length >>> (8 * i));
        }
        int counted = Math.min(count, UNCOUNTED);
        dump[4] = (byte) counted;
        dump[5] = (byte) (counted >>> 8);
        return dump;
    }

    ListPack copy() {
        return new ListPack(copy(0, length()), count);
    }

    /** Bytes in use, as Redis counts them. */
    public int used() {
        return EMPTY + length();
    }

    /** The first element, or {@link #END}. */
    public int first() {
        return count == 0 ? END : 0;
    }

    /** The last element, or {@link #END}. */
    public int last() {
        return count == 0 ? END : before(length());
    }

    /** The next element, or {@link #END}. */
    public int next(int at) {
        int next = after(at);
        return next == length() ? END : next;
    }

    /** The element before, or {@link #END}. */
    public int previous(int at) {
        return at == 0 ? END : before(at);
    }

    private int after(int at) {
        return after(at, u8(at));
    }

    private int after(int at, int type) {
        int whole = PackSearch.whole(type);
        if (whole != 0) {
            return at + whole;
        }
        int size = size(at);
        return at + size + ListPackForm.backSize(size);
    }

    private int before(int at) {
        int size = sizeBefore(at);
        return at - size - ListPackForm.backSize(size);
    }

    /** The element at an index, negative from the end, or {@link #END}. */
    public int seek(int index) {
        int wanted = index < 0 ? index + count : index;
        if (wanted < 0 || wanted >= count) {
            return END;
        }
        int at;
        if (wanted < count / 2) {
            at = 0;
            for (int i = 0; i < wanted; i++) {
                at = after(at);
            }
        } else {
            at = before(length());
            for (int i = count - 1; i > wanted; i--) {
                at = before(at);
            }
        }
        return at;
    }

    /** The bytes of an element. */
    public byte[] get(int at) {
        int type = u8(at);
        if (ListPackForm.isInteger(type)) {
            return Numbers.bytes(integer(at));
        }
        int from = at + ListPackForm.stringHeader(type);
        return copy(from, stringLength(at, type));
    }

    /** Writes an element as a bulk. */
    public void bulk(int at, ReplyWriter out) {
        int type = u8(at);
        if (ListPackForm.isInteger(type)) {
            out.bulkLong(integer(at));
        } else {
            bulk(at + ListPackForm.stringHeader(type), stringLength(at, type), out);
        }
    }

    /** How long an element is as a string. */
    public int length(int at) {
        int type = u8(at);
        return ListPackForm.isInteger(type) ? Numbers.bytes(integer(at)).length : stringLength(at, type);
    }

    /** Whether an element is kept as an integer. */
    boolean integerAt(int at) {
        return ListPackForm.isInteger(u8(at));
    }

    /** The integer of an element that is one. */
    public long integer(int at) {
        int type = u8(at);
        if (type < ListPackForm.STRING_6) {
            return type;
        }
        if ((type & 0xe0) == ListPackForm.INT_13) {
            int raw = (type & 0x1f) << 8 | u8(at + 1);
            return raw >= 1 << 12 ? raw - (1 << 13) : raw;
        }
        int width = ListPackForm.integerWidth(type);
        long value = 0;
        for (int i = 0; i < width; i++) {
            value |= (long) u8(at + 1 + i) << (8 * i);
        }
        int unused = 64 - 8 * width;
        return value << unused >> unused;
    }

    private int stringLength(int at, int type) {
        if ((type & 0xc0) == ListPackForm.STRING_6) {
            return type & 0x3f;
        }
        return type == ListPackForm.STRING_32 ? int32(at + 1) : (type & 0xf) << 8 | u8(at + 1);
    }

    private int size(int at) {
        int type = u8(at);
        if (type < ListPackForm.STRING_6) {
            return 1;
        }
        if ((type & 0xe0) == ListPackForm.INT_13) {
            return 2;
        }
        return type >= ListPackForm.INT_16 && type <= ListPackForm.INT_64
                ? 1 + ListPackForm.integerWidth(type)
                : ListPackForm.stringHeader(type) + stringLength(at, type);
    }

    /** The size of an element that may be damaged; negative where it is. */
    private long checkedSize(int at) {
        int type = u8(at);
        int left = length() - at;
        if (type > ListPackForm.INT_64
                || (type == ListPackForm.STRING_32 && left < 5)
                || ((type & 0xf0) == ListPackForm.STRING_12 && left < 2)) {
            return -1;
        }
        if (type == ListPackForm.STRING_32) {
            long length = int32(at + 1);
            return length < 0 || length > left ? -1 : 5 + length;
        }
        return size(at);
    }

    private int int32(int at) {
        return u8(at) | u8(at + 1) << 8 | u8(at + 2) << 16 | u8(at + 3) << 24;
    }

    private int sizeBefore(int at) {
        int size = 0;
        for (int shift = 0, i = at - 1; i >= 0; i--, shift += 7) {
            size |= (u8(i) & 127) << shift;
            if ((u8(i) & 128) == 0) {
                break;
            }
        }
        return size;
    }

    /** Whether an element is these bytes. */
    public boolean is(int at, byte[] buffer, int offset, int length) {
        int type = u8(at);
        if (ListPackForm.isInteger(type)) {
            return Numbers.isLong(buffer, offset, length) && Numbers.parse(buffer, offset, length) == integer(at);
        }
        return text(at, type, buffer, offset, length);
    }

    /** Whether an element that is no integer is these bytes. */
    private boolean text(int at, int type, byte[] buffer, int offset, int length) {
        return stringLength(at, type) == length && same(at + ListPackForm.stringHeader(type), buffer, offset, length);
    }

    /** The first element from {@code at} on, in steps of {@code skip} others between, that is these bytes; or {@link #END}. */
    public int find(int at, byte[] buffer, int offset, int length, int skip) {
        return (int) search(at, buffer, offset, length, skip);
    }

    /** Above 32 bits: how many were passed before {@link #find} found one; negative where there is none. */
    long search(int at, byte[] buffer, int offset, int length, int skip) {
        boolean integer = Numbers.isLong(buffer, offset, length);
        if (at != END && !integer && length > 0 && length <= PackSearch.SHORT && address() != 0) {
            return PackSearch.text(address(), at, length(), buffer, offset, length, skip);
        }
        long number = integer ? Numbers.parse(buffer, offset, length) : 0;
        int end = length();
        long passed = 0;
        for (int i = at; i != END && i < end; passed++) {
            int type = u8(i);
            if (ListPackForm.isInteger(type)
                    ? integer && integer(i) == number
                    : !integer && text(i, type, buffer, offset, length)) {
                return passed << 32 | i;
            }
            i = after(i, type);
            for (int k = 0; k < skip && i < end; k++) {
                i = after(i);
            }
        }
        return END;
    }

    /**
     * Of elements in pairs, from one on: the first pair whose second element is no integer below {@code number}, or {@link #END}. A
     * look ahead for who then compares more: where the elements are not in one place of native memory it answers the pair that it was given.
     */
    int passBelow(int at, long number) {
        if (at == END || address() == 0) {
            return at;
        }
        int found = PackSearch.passBelow(address(), at, length(), number);
        return found == length() ? END : found;
    }

    /** Adds an element at the end. */
    public void append(byte[] value) {
        insert(length(), value);
    }

    /** Adds an integer at the end. */
    public void append(long value) {
        insert(length(), Numbers.bytes(value));
    }

    /** Adds elements at the end. */
    void append(ListPackForm.Writer elements) {
        int at = length();
        open(at, 0, elements.length());
        put(at, elements.bytes(), elements.length());
        count += elements.elements();
    }

    /** Adds an element before another, which is then the next of it. */
    void insert(int at, byte[] value) {
        int size = ListPackForm.encodedSize(value);
        open(at, 0, size + ListPackForm.backSize(size));
        encode(at, value, size);
        count++;
    }

    /** Adds two elements before another, or at the end. */
    void insert(int at, byte[] first, byte[] second) {
        int size = ListPackForm.encodedSize(first);
        int secondSize = ListPackForm.encodedSize(second);
        int secondAt = at + size + ListPackForm.backSize(size);
        open(at, 0, secondAt - at + secondSize + ListPackForm.backSize(secondSize));
        encode(at, first, size);
        encode(secondAt, second, secondSize);
        count += 2;
    }

    /**
     * Puts two elements in the place of two that follow each other, and before another one, or at the end: what is not between the two
     * places stays where it is, but for what the new ones are longer or shorter.
     */
    void move(int at, int to, byte[] first, byte[] second) {
        int size = ListPackForm.encodedSize(first);
        int secondSize = ListPackForm.encodedSize(second);
        int whole = size + ListPackForm.backSize(size);
        int now = whole + secondSize + ListPackForm.backSize(secondSize);
        int behind = after(after(at));
        int before = behind - at;
        boolean up = to > at;
        if (now > before) {
            open(up ? to : behind, 0, now - before);
        }
        int place = up ? to - before : to;
        if (up) {
            shift(behind, at, to - behind);
        } else {
            shift(to, to + now, at - to);
        }
        if (now < before) {
            open(up ? place + now : at + now, before - now, 0);
        }
        encode(place, first, size);
        encode(place + whole, second, secondSize);
        shrink();
    }

    /** Puts another element in an element's place. */
    void replace(int at, byte[] value) {
        int size = ListPackForm.encodedSize(value);
        open(at, after(at) - at, size + ListPackForm.backSize(size));
        encode(at, value, size);
    }

    /** Removes elements that follow each other. */
    void remove(int at, int elements) {
        int to = at;
        int removed = 0;
        while (removed < elements && to != length()) {
            to = after(to);
            removed++;
        }
        remove(at, to, removed);
    }

    /** Removes what is from a place to another, which is so many elements. */
    void remove(int at, int to, int elements) {
        open(at, to - at, 0);
        count -= elements;
        shrink();
    }

    /** How many bytes the element there takes. */
    int sizeOf(int at) {
        return after(at) - at;
    }

    /** Appends another's elements from one of them on; answers how many these are. */
    int appendFrom(ListPack other, int at) {
        return appendFrom(other, at, other.length());
    }

    /** The same of those before another place. */
    int appendFrom(ListPack other, int at, int to) {
        int elements = other.elements(at, to);
        append(other, at, to - at);
        count += elements;
        return elements;
    }

    /** How many elements there are from a place to another. */
    int elements(int at, int to) {
        int elements = 0;
        for (int i = at; i != to; i = after(i)) {
            elements++;
        }
        return elements;
    }

    /** Removes so many elements, which are all from one of them on. */
    void cutFrom(int at, int elements) {
        open(at, length() - at, 0);
        count -= elements;
    }

    private void encode(int at, byte[] value, int size) {
        if (Numbers.isLong(value, 0, value.length)) {
            encode(at, Numbers.parse(value, 0, value.length), size);
        } else if (value.length < 64) {
            u8(at, ListPackForm.STRING_6 | value.length);
            put(at + 1, value);
        } else if (value.length < 4096) {
            u8(at, ListPackForm.STRING_12 | value.length >>> 8);
            u8(at + 1, value.length);
            put(at + 2, value);
        } else {
            u8(at, ListPackForm.STRING_32);
            for (int i = 0; i < 4; i++) {
                u8(at + 1 + i, value.length >>> (8 * i));
            }
            put(at + 5, value);
        }
        int back = ListPackForm.backSize(size);
        for (int i = 0; i < back; i++) {
            int part = size >>> (7 * (back - 1 - i)) & 127;
            u8(at + size + i, i == 0 ? part : part | 128);
        }
    }

    private void encode(int at, long number, int size) {
        if (size == 1) {
            u8(at, (int) number);
        } else if (size == 2) {
            u8(at, ListPackForm.INT_13 | (int) (number >>> 8 & 0x1f));
            u8(at + 1, (int) number);
        } else {
            int width = size - 1;
            u8(at, ListPackForm.integerType(width));
            for (int i = 0; i < width; i++) {
                u8(at + 1 + i, (int) (number >>> (8 * i)));
            }
        }
    }
}
