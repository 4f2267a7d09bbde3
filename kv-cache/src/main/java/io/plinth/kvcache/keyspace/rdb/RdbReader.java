package io.plinth.kvcache.keyspace.rdb;

import io.plinth.kvcache.keyspace.stream.StreamGroup;
import io.plinth.kvcache.keyspace.stream.StreamGroup.Consumer;
import io.plinth.kvcache.keyspace.stream.StreamId;
import io.plinth.kvcache.keyspace.value.HashValue;
import io.plinth.kvcache.keyspace.value.KeyHash;
import io.plinth.kvcache.keyspace.value.ListPack;
import io.plinth.kvcache.keyspace.value.ListValue;
import io.plinth.kvcache.keyspace.value.Packing;
import io.plinth.kvcache.keyspace.value.SetValue;
import io.plinth.kvcache.keyspace.value.SortedSetValue;
import io.plinth.kvcache.keyspace.value.StreamValue;
import io.plinth.kvcache.keyspace.value.StringForm;
import io.plinth.kvcache.keyspace.value.StringValue;
import io.plinth.kvcache.keyspace.value.Value;
import io.plinth.kvcache.wire.Doubles;
import io.plinth.kvcache.wire.Numbers;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Owned by one caller: reads one value; whatever is wrong with it is a {@link RdbException}, and nothing is sized by what it says. */
public final class RdbReader {
    /** Of one string, as in Redis. */
    private static final long LONGEST = 512L << 20;

    private static final int FOOTER = 10;
    private static final int NEWEST = 12;
    private static final int LIST = 1;
    private static final int ZSET = 3;
    private static final int HASH_ZIPMAP = 9;
    private static final int LIST_ZIPLIST = 10;
    private static final int ZSET_ZIPLIST = 12;
    private static final int HASH_ZIPLIST = 13;
    private static final int LIST_QUICKLIST = 14;
    private static final int SET_LISTPACK = 20;
    private static final int STREAM_LISTPACKS = 15;
    private static final int STREAM_LISTPACKS_3 = 21;
    private static final int HASH_LISTPACK_EX = 25;

    private final RdbInput in;
    private final KeyHash hasher;
    private final Packing packing;
    /** What {@link #length} or {@link #string} saw first; -1 for nothing. */
    private int seen = -1;

    RdbReader(RdbInput in, KeyHash hasher, Packing packing) {
        this.in = in;
        this.hasher = hasher;
        this.packing = packing;
    }

    /** Whether the version is known and the checksum right. */
    public static boolean intact(byte[] payload) {
        if (payload.length < FOOTER) {
            return false;
        }
        ByteBuffer footer =
                ByteBuffer.wrap(payload, payload.length - FOOTER, FOOTER).order(ByteOrder.LITTLE_ENDIAN);
        int version = footer.getShort() & 0xffff;
        long crc = footer.getLong();
        return version <= NEWEST && crc == Crc64.of(payload, payload.length - 8);
    }

    /** The sources of the libraries in a payload that is {@link #intact}. */
    public static List<byte[]> functions(byte[] payload, KeyHash hasher, Packing packing) throws RdbException {
        RdbBytes in = new RdbBytes(payload, payload.length - FOOTER);
        RdbReader reader = new RdbReader(in, hasher, packing);
        List<byte[]> sources = new ArrayList<>();
        while (in.left() > 0) {
            if (in.next() != RdbFile.FUNCTION) {
                throw new RdbException("given type is not a function");
            }
            try {
                sources.add(reader.string());
            } catch (RdbException | RuntimeException e) {
                throw new RdbException("Failed loading library payload");
            }
        }
        return sources;
    }

    /** The value of a payload that is {@link #intact}. */
    public static Value restore(byte[] payload, KeyHash hasher, Packing packing) throws RdbException {
        RdbBytes in = new RdbBytes(payload, payload.length - FOOTER);
        RdbReader reader = new RdbReader(in, hasher, packing);
        Value value;
        try {
            value = reader.value(in.next());
        } catch (RuntimeException e) {
            // Offsets and counts that damaged bytes name fail in many ways.
            throw new RdbException("value: damaged (expected: what its type says)");
        }
        if (in.left() != 0
                || (value.size() == 0 && !(value instanceof StreamValue) && !(value instanceof StringValue))) {
            throw new RdbException("value: " + in.left() + " bytes left (expected: none)");
        }
        return value;
    }

    private int next() throws RdbException {
        int first = seen;
        seen = -1;
        return first >= 0 ? first : in.next();
    }

    private long big(int width) throws RdbException {
        long number = 0;
        for (int i = 0; i < width; i++) {
            number = number << 8 | next();
        }
        return number;
    }

    long little(int width) throws RdbException {
        long number = 0;
        for (int i = 0; i < width; i++) {
            number |= (long) next() << (8 * i);
        }
        return number;
    }

    long length() throws RdbException {
        int first = next();
        return switch (first >> 6) {
            case 0 -> first;
            case 1 -> (long) (first & 0x3f) << 8 | next();
            case 2 -> first == 0x80 ? big(4) : first == 0x81 ? big(8) : bad();
            default -> bad();
        };
    }

    private static long bad() throws RdbException {
        throw new RdbException("length: unknown form");
    }

    byte[] string() throws RdbException {
        int first = next();
        if (first >> 6 != 3) {
            seen = first;
            return in.take(length());
        }
        return switch (first & 0x3f) {
            case 0 -> Numbers.bytes((byte) little(1));
            case 1 -> Numbers.bytes((short) little(2));
            case 2 -> Numbers.bytes(little(4) << 32 >> 32);
            case 3 -> inflate();
            default -> throw new RdbException("string: unknown form");
        };
    }

    /** LZF: literal runs, and copies from what was written before. */
    private byte[] inflate() throws RdbException {
        long packed = length();
        long plain = length();
        byte[] from = in.take(packed);
        // At best three bytes become 264.
        if (plain < 0 || plain > Math.min(LONGEST, (long) from.length * 264)) {
            throw new RdbException("string: longer than what it is made of allows");
        }
        byte[] out = new byte[(int) plain];
        int to = 0;
        for (int i = 0; i < from.length; ) {
            int control = from[i++] & 0xff;
            if (control < 32) {
                System.arraycopy(from, i, out, to, control + 1);
                i += control + 1;
                to += control + 1;
                continue;
            }
            int length = control >> 5;
            if (length == 7) {
                length += from[i++] & 0xff;
            }
            int copied = to - ((control & 0x1f) << 8 | (from[i++] & 0xff)) - 1;
            for (int k = 0; k < length + 2; k++) {
                out[to++] = out[copied++];
            }
        }
        if (to != out.length) {
            throw new RdbException("string: shorter than it says");
        }
        return out;
    }

    private ListPack pack() throws RdbException {
        ListPack pack = ListPack.of(string());
        if (pack == null) {
            throw new RdbException("listpack: damaged");
        }
        return pack;
    }

    Value value(int type) throws RdbException {
        return switch (type) {
            case RdbWriter.STRING -> new StringValue(string(), StringForm.STORED);
            case LIST -> list(strings(length()));
            case LIST_ZIPLIST -> list(OldForms.zipList(string()));
            case LIST_QUICKLIST, RdbWriter.LIST_QUICKLIST_2 -> quicklist(type == LIST_QUICKLIST);
            case RdbWriter.SET -> set(strings(length()));
            case RdbWriter.SET_INTSET -> intset(string());
            case SET_LISTPACK -> set(elements(pack()));
            case RdbWriter.HASH -> hash(strings(Math.multiplyExact(2, length())));
            case RdbWriter.HASH_LISTPACK -> hash(elements(pack()));
            case HASH_ZIPLIST -> hash(OldForms.zipList(string()));
            case HASH_ZIPMAP -> hash(OldForms.zipMap(string()));
            case RdbWriter.HASH_METADATA -> expiring();
            case HASH_LISTPACK_EX -> expiringPacked();
            case ZSET, RdbWriter.ZSET_2 -> sorted(type == RdbWriter.ZSET_2);
            case RdbWriter.ZSET_LISTPACK -> sorted(elements(pack()));
            case ZSET_ZIPLIST -> sorted(OldForms.zipList(string()));
            case STREAM_LISTPACKS, RdbWriter.STREAM_LISTPACKS_2, STREAM_LISTPACKS_3 -> stream(type);
            default -> throw new RdbException("type: " + type + " (expected: a string, list, set, hash or stream)");
        };
    }

    private List<byte[]> strings(long count) throws RdbException {
        List<byte[]> strings = new ArrayList<>();
        for (long i = 0; i < count; i++) {
            strings.add(string());
        }
        return strings;
    }

    static List<byte[]> elements(ListPack pack) {
        List<byte[]> elements = new ArrayList<>();
        for (int i = pack.first(); i != ListPack.END; i = pack.next(i)) {
            elements.add(pack.get(i));
        }
        return elements;
    }

    private ListValue list(List<byte[]> elements) {
        ListValue list = new ListValue();
        elements.forEach(each -> list.push(false, each, packing));
        return list;
    }

    private ListValue quicklist(boolean old) throws RdbException {
        ListValue list = new ListValue();
        long nodes = length();
        for (long i = 0; i < nodes; i++) {
            if (!old && length() == 1) {
                list.push(false, string(), packing);
                continue;
            }
            ListPack pack = old ? converted(string()) : pack();
            if (pack.count() > 0) {
                list.append(pack, packing);
            }
        }
        return list;
    }

    private static ListPack converted(byte[] zipList) throws RdbException {
        ListPack pack = new ListPack();
        OldForms.zipList(zipList).forEach(pack::append);
        return pack;
    }

    private SetValue set(List<byte[]> members) throws RdbException {
        SetValue set = new SetValue(hasher);
        for (byte[] member : members) {
            if (!set.add(member, packing)) {
                throw new RdbException("member: twice");
            }
        }
        return set;
    }

    private SetValue intset(byte[] content) throws RdbException {
        ByteBuffer in = ByteBuffer.wrap(content).order(ByteOrder.LITTLE_ENDIAN);
        if (content.length < 8) {
            throw new RdbException("intset: too short");
        }
        int width = in.getInt();
        int count = in.getInt();
        if ((width != 2 && width != 4 && width != 8) || count < 0 || content.length != 8L + (long) width * count) {
            throw new RdbException("intset: damaged");
        }
        List<byte[]> members = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            members.add(Numbers.bytes(width == 2 ? in.getShort() : width == 4 ? in.getInt() : in.getLong()));
        }
        return set(members);
    }

    private HashValue hash(List<byte[]> pairs) throws RdbException {
        HashValue hash = new HashValue(hasher);
        for (int i = 0; i < pairs.size(); i += 2) {
            if (i + 1 == pairs.size() || !hash.put(pairs.get(i), pairs.get(i + 1), packing)) {
                throw new RdbException("field: twice or without value");
            }
        }
        return hash;
    }

    /** Each expiry is told from the first one on, by one more than it is later; 0 for none. */
    private HashValue expiring() throws RdbException {
        HashValue hash = new HashValue(hasher);
        long first = little(8);
        long count = length();
        for (long i = 0; i < count; i++) {
            long later = length();
            field(hash, string(), string(), later == 0 ? 0 : Math.addExact(first, later - 1));
        }
        return hash;
    }

    private HashValue expiringPacked() throws RdbException {
        HashValue hash = new HashValue(hasher);
        little(8);
        List<byte[]> elements = elements(pack());
        if (elements.size() % 3 != 0) {
            throw new RdbException("field: without value or expiry");
        }
        for (int i = 0; i < elements.size(); i += 3) {
            byte[] expiry = elements.get(i + 2);
            long expireAt = Numbers.parse(expiry, 0, expiry.length);
            field(hash, elements.get(i), elements.get(i + 1), expireAt);
        }
        return hash;
    }

    private void field(HashValue hash, byte[] field, byte[] value, long expireAt) throws RdbException {
        if (expireAt < 0 || !hash.put(field, value, packing)) {
            throw new RdbException("field: twice, or with an expiry before all time");
        }
        if (expireAt > 0) {
            hash.expireField(field, expireAt);
        }
    }

    private SortedSetValue sorted(boolean binary) throws RdbException {
        SortedSetValue set = new SortedSetValue(hasher);
        long count = length();
        for (long i = 0; i < count; i++) {
            byte[] member = string();
            put(set, member, binary ? Double.longBitsToDouble(little(8)) : oldDouble());
        }
        return set;
    }

    private double oldDouble() throws RdbException {
        int length = next();
        return switch (length) {
            case 253 -> Double.NaN;
            case 254 -> Double.POSITIVE_INFINITY;
            case 255 -> Double.NEGATIVE_INFINITY;
            default -> {
                byte[] text = in.take(length);
                yield Doubles.parse(text, 0, length);
            }
        };
    }

    private void put(SortedSetValue set, byte[] member, double score) throws RdbException {
        if (Double.isNaN(score) || !Double.isNaN(set.put(member, score, packing))) {
            throw new RdbException("member: twice or without score");
        }
    }

    private SortedSetValue sorted(List<byte[]> pairs) throws RdbException {
        SortedSetValue set = new SortedSetValue(hasher);
        if (pairs.size() % 2 != 0) {
            throw new RdbException("member: without score");
        }
        for (int i = 0; i < pairs.size(); i += 2) {
            byte[] score = pairs.get(i + 1);
            put(set, pairs.get(i), Doubles.parse(score, 0, score.length));
        }
        return set;
    }

    private StreamId id() throws RdbException {
        return new StreamId(length(), length());
    }

    private StreamId raw() throws RdbException {
        return new StreamId(big(8), big(8));
    }

    private StreamValue stream(int type) throws RdbException {
        StreamValue stream = new StreamValue();
        long nodes = length();
        StreamForm into = new StreamForm(stream);
        for (long i = 0; i < nodes; i++) {
            ByteBuffer key = ByteBuffer.wrap(string());
            into.add(new StreamId(key.getLong(), key.getLong()), pack());
        }
        length();
        StreamId last = id();
        StreamId deleted = StreamId.MIN;
        long added = stream.size();
        if (type != STREAM_LISTPACKS) {
            id();
            deleted = id();
            added = length();
        }
        stream.set(last, deleted, added);
        long groups = length();
        for (long i = 0; i < groups; i++) {
            group(stream, type);
        }
        return stream;
    }

    private void group(StreamValue stream, int type) throws RdbException {
        String name = new String(string(), StandardCharsets.ISO_8859_1);
        StreamId last = id();
        StreamGroup group = stream.addGroup(name, last, type == STREAM_LISTPACKS ? StreamGroup.UNKNOWN : length());
        Map<StreamId, Delivery> deliveries = new HashMap<>();
        long pending = length();
        for (long i = 0; i < pending; i++) {
            deliveries.put(raw(), new Delivery(little(8), length()));
        }
        long consumers = length();
        for (long i = 0; i < consumers; i++) {
            String consumerName = new String(string(), StandardCharsets.ISO_8859_1);
            long seen = little(8);
            long active = type == STREAM_LISTPACKS_3 ? little(8) : seen;
            Consumer known = group.consumer(consumerName);
            Consumer consumer = known == null ? group.add(consumerName, seen, active) : known;
            long owned = length();
            for (long k = 0; k < owned; k++) {
                StreamId id = raw();
                @Nullable Delivery delivery = deliveries.get(id);
                if (delivery == null) {
                    throw new RdbException("pending: not the group's");
                }
                group.deliver(id, consumer, delivery.millis, delivery.times);
            }
        }
    }

    /** Of an entry that is pending. */
    private record Delivery(long millis, long times) {}
}
