package io.plinth.kvcache.keyspace.rdb;

import io.plinth.kvcache.keyspace.stream.StreamGroup;
import io.plinth.kvcache.keyspace.stream.StreamId;
import io.plinth.kvcache.keyspace.value.HashValue;
import io.plinth.kvcache.keyspace.value.ListPack;
import io.plinth.kvcache.keyspace.value.ListValue;
import io.plinth.kvcache.keyspace.value.SetValue;
import io.plinth.kvcache.keyspace.value.SortedSetValue;
import io.plinth.kvcache.keyspace.value.StreamValue;
import io.plinth.kvcache.keyspace.value.StringValue;
import io.plinth.kvcache.keyspace.value.Value;
import io.plinth.kvcache.wire.Numbers;
import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.List;

/**
 * Owned by one caller: writes values with the types of RDB version 10, which Redis 7.0 and 7.2 read; but a hash whose fields have expiries as
 * version 12 has it, of Redis 7.4.
 */
public final class RdbWriter {
    static final int VERSION = 10;
    public static final int STRING = 0;
    /** A list as Redis had it first: its elements one by one. */
    public static final int LIST = 1;

    public static final int SET = 2;
    public static final int HASH = 4;
    public static final int ZSET_2 = 5;
    static final int SET_INTSET = 11;
    static final int HASH_LISTPACK = 16;
    static final int ZSET_LISTPACK = 17;
    static final int LIST_QUICKLIST_2 = 18;
    public static final int STREAM_LISTPACKS_2 = 19;
    /** A hash whose fields may have expiries. */
    static final int HASH_METADATA = 24;

    private static final int VERSION_OF_EXPIRIES = 12;

    private static final int PACKED = 2;
    /** As long is a string at most that may be a small integer. */
    private static final int INTEGER = 11;

    private static final int PIECE = 16 << 10;

    private final RdbOutput out;
    /** Whether fields have their expiries, which Redis up to 7.2 does not read. */
    private final boolean expiries;
    /** Unix milliseconds: where fields have no expiries, none that is over then is there. */
    private final long nowMillis;

    private int version = VERSION;

    private RdbWriter(RdbOutput out, boolean expiries, long nowMillis) {
        this.out = out;
        this.expiries = expiries;
        this.nowMillis = nowMillis;
    }

    /** What it is written to, with the checksum so far. */
    private static final class Summed implements RdbOutput {
        private final RdbOutput to;
        private long crc;

        Summed(RdbOutput to) {
            this.to = to;
        }

        @Override
        public void write(int oneByte) {
            crc = Crc64.of(crc, (byte) oneByte);
            to.write(oneByte);
        }

        @Override
        public void write(byte[] bytes, int from, int length) {
            crc = Crc64.of(crc, bytes, from, length);
            to.write(bytes, from, length);
        }
    }

    /** In memory. */
    private static final class Collected extends ByteArrayOutputStream implements RdbOutput {}

    /** The payload of DUMP: type, value, version and checksum. */
    public static byte[] dump(Value value) {
        Collected payload = new Collected();
        dump(value, payload);
        return payload.toByteArray();
    }

    /** Writes the payload of DUMP as it comes to be. */
    public static void dump(Value value, RdbOutput to) {
        Summed summed = new Summed(to);
        RdbWriter writer = new RdbWriter(summed, true, 0);
        writer.out.write(writer.type(value));
        writer.body(value);
        writer.footer(summed);
    }

    /**
     * One for values of files of version 10, or for parts of these. Fields of a hash are there without their expiries, but for those that are
     * over at a time, which would come back for ever.
     */
    public static RdbWriter ofVersion10(RdbOutput out, long nowMillis) {
        return new RdbWriter(out, false, nowMillis);
    }

    /** The payload of FUNCTION DUMP: each library's source behind its mark, version and checksum. */
    public static byte[] functions(List<byte[]> sources) {
        Collected payload = new Collected();
        Summed summed = new Summed(payload);
        RdbWriter writer = new RdbWriter(summed, true, 0);
        for (byte[] source : sources) {
            writer.out.write(RdbFile.FUNCTION);
            writer.string(source);
        }
        writer.footer(summed);
        return payload.toByteArray();
    }

    private void footer(Summed summed) {
        out.write(version);
        out.write(0);
        number(summed.crc, Long.BYTES);
    }

    /** The type that a value is written with. */
    int type(Value value) {
        return switch (value) {
            case StringValue string -> STRING;
            case ListValue list -> LIST_QUICKLIST_2;
            case SetValue set -> set.sorted() == null ? SET : SET_INTSET;
            case HashValue hash ->
                hash.packed() != null ? HASH_LISTPACK : expiries && first(hash) != 0 ? HASH_METADATA : HASH;
            case SortedSetValue sorted -> sorted.packed() != null ? ZSET_LISTPACK : ZSET_2;
            case StreamValue stream -> STREAM_LISTPACKS_2;
        };
    }

    /** Writes what follows the type. */
    void body(Value value) {
        switch (value) {
            case StringValue string -> string(string.string());
            case ListValue list -> {
                length(list.runs());
                for (int i = 0; i < list.runs(); i++) {
                    length(PACKED);
                    string(list.run(i).dump());
                }
            }
            case SetValue set -> set(set);
            case HashValue hash -> hash(hash);
            case SortedSetValue sorted -> sorted(sorted);
            case StreamValue stream -> stream(stream);
        }
    }

    /** A number of so many bytes, the least first. */
    private void number(long number, int bytes) {
        for (int i = 0; i < bytes; i++) {
            out.write((int) (number >>> (8 * i)));
        }
    }

    /** A score. */
    public void score(double score) {
        number(Double.doubleToRawLongBits(score), Long.BYTES);
    }

    /** A count. Unsigned: the parts of a stream's ids are, and a group that does not know how much it read says so by all ones. */
    public void length(long length) {
        if (length >>> 6 == 0) {
            out.write((int) length);
        } else if (length >>> 14 == 0) {
            out.write((int) (length >>> 8 | 0x40));
            out.write((int) length);
        } else if (length >>> 32 == 0) {
            out.write(0x80);
            for (int i = 3; i >= 0; i--) {
                out.write((int) (length >>> (8 * i)));
            }
        } else {
            out.write(0x81);
            for (int i = 7; i >= 0; i--) {
                out.write((int) (length >>> (8 * i)));
            }
        }
    }

    /** A string; small integers as such. */
    public void string(byte[] bytes) {
        if (bytes.length <= INTEGER && Numbers.isLong(bytes, 0, bytes.length)) {
            long number = Numbers.parse(bytes, 0, bytes.length);
            int width = number == (byte) number ? 1 : number == (short) number ? 2 : number == (int) number ? 4 : 0;
            if (width > 0) {
                out.write(0xc0 | width >> 1);
                number(number, width);
                return;
            }
        }
        length(bytes.length);
        out.write(bytes, 0, bytes.length);
    }

    /** The string that is left in a buffer, which may be a file's: not all of it is on the heap at once. */
    public void string(ByteBuffer bytes) {
        if (bytes.remaining() <= INTEGER) {
            byte[] small = new byte[bytes.remaining()];
            bytes.get(small);
            string(small);
            return;
        }
        length(bytes.remaining());
        raw(bytes);
    }

    /** What is left in a buffer, as it stands. */
    public void raw(ByteBuffer bytes) {
        byte[] some = new byte[Math.min(PIECE, bytes.remaining())];
        while (bytes.hasRemaining()) {
            int count = Math.min(some.length, bytes.remaining());
            bytes.get(some, 0, count);
            out.write(some, 0, count);
        }
    }

    private void text(String text) {
        string(text.getBytes(StandardCharsets.ISO_8859_1));
    }

    private void set(SetValue set) {
        long[] sorted = set.sorted();
        if (sorted == null) {
            length(set.size());
            set.forEach(this::string);
            return;
        }
        int width = 2;
        for (long number : sorted) {
            width = Math.max(width, number == (short) number ? 2 : number == (int) number ? 4 : 8);
        }
        length(8L + (long) width * sorted.length);
        number(width, 4);
        number(sorted.length, 4);
        for (long number : sorted) {
            number(number, width);
        }
    }

    private void hash(HashValue hash) {
        ListPack packed = hash.packed();
        if (packed != null) {
            string(packed.dump());
            return;
        }
        long first = expiries ? first(hash) : 0;
        if (first != 0) {
            version = VERSION_OF_EXPIRIES;
            number(first, 8);
        }
        long living = expiries ? hash.size() : hash.living(nowMillis);
        boolean someOver = living < hash.size();
        length(living);
        hash.forEach((field, value) -> {
            long at = first != 0 || someOver ? hash.fieldExpiry(field, 0, field.length) : 0;
            if (someOver && at != 0 && at <= nowMillis) {
                return;
            }
            if (first != 0) {
                length(at == 0 ? 0 : at - first + 1);
            }
            string(field);
            string(value);
        });
    }

    /** The first expiry of a field; 0 where none has one. */
    private static long first(HashValue hash) {
        long[] first = new long[1];
        if (hash.firstExpiry() != 0) {
            hash.forEach((field, value) -> {
                long at = hash.fieldExpiry(field, 0, field.length);
                first[0] = at == 0 || (first[0] != 0 && first[0] < at) ? first[0] : at;
            });
        }
        return first[0];
    }

    private void sorted(SortedSetValue sorted) {
        ListPack packed = sorted.packed();
        if (packed != null) {
            string(packed.dump());
            return;
        }
        length(sorted.size());
        sorted.range((int) sorted.size() - 1, (int) sorted.size(), true, (member, score) -> {
            string(member);
            score(score);
        });
    }

    private void id(StreamId id) {
        length(id.millis());
        length(id.sequence());
    }

    private void raw(StreamId id) {
        for (long part : new long[] {id.millis(), id.sequence()}) {
            for (int i = 7; i >= 0; i--) {
                out.write((int) (part >>> (8 * i)));
            }
        }
    }

    private void stream(StreamValue stream) {
        length(stream.nodes());
        nodes(stream);
        counts(stream, stream.size(), stream.first());
    }

    /** A stream's nodes, which its type begins with behind their number. */
    public void nodes(StreamValue stream) {
        stream.forEachNode((base, entries) -> {
            length(2 * Long.BYTES);
            raw(base);
            string(entries.dump());
        });
    }

    /** What follows the nodes: what a stream counts but how many entries there are and which is the first, and its groups. */
    public void counts(StreamValue stream, long size, StreamId first) {
        length(size);
        id(stream.last());
        id(first);
        id(stream.maxDeleted());
        length(stream.added());
        length(stream.groups().size());
        for (StreamGroup group : stream.groups()) {
            text(group.name());
            id(group.last());
            length(group.entriesRead());
            length(group.pending());
            group.pending(StreamId.MIN, StreamId.MAX, pending -> {
                raw(pending.id());
                number(pending.delivered(), 8);
                length(pending.times());
                return true;
            });
            length(group.consumers().size());
            group.consumers().forEach(consumer -> {
                text(consumer.name());
                number(consumer.seen(), 8);
                length(consumer.pending());
                group.pending(consumer, StreamId.MIN, StreamId.MAX, pending -> {
                    raw(pending.id());
                    return true;
                });
            });
        }
    }
}
