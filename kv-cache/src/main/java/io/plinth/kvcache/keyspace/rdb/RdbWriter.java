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
import java.nio.charset.StandardCharsets;
import java.util.List;

/**
 * Owned by one caller: writes values with the types of RDB version 10, which Redis 7.0 and 7.2 read; but a hash whose fields have expiries as
 * version 12 has it, of Redis 7.4.
 */
public final class RdbWriter {
    static final int VERSION = 10;
    static final int STRING = 0;
    static final int SET = 2;
    static final int HASH = 4;
    static final int ZSET_2 = 5;
    static final int SET_INTSET = 11;
    static final int HASH_LISTPACK = 16;
    static final int ZSET_LISTPACK = 17;
    static final int LIST_QUICKLIST_2 = 18;
    static final int STREAM_LISTPACKS_2 = 19;
    /** A hash whose fields may have expiries. */
    static final int HASH_METADATA = 24;

    private static final int VERSION_OF_EXPIRIES = 12;

    private static final int PACKED = 2;

    private final ByteArrayOutputStream out = new ByteArrayOutputStream();
    /** Whether fields have their expiries, which Redis up to 7.2 does not read. */
    private final boolean expiries;
    /** Unix milliseconds: where fields have no expiries, none that is over then is there. */
    private final long nowMillis;

    private int version = VERSION;

    private RdbWriter(boolean expiries, long nowMillis) {
        this.expiries = expiries;
        this.nowMillis = nowMillis;
    }

    private RdbWriter() {
        this(true, 0);
    }

    /** The payload of DUMP: type, value, version and checksum. */
    public static byte[] dump(Value value) {
        RdbWriter writer = new RdbWriter();
        writer.value(value);
        return writer.payload();
    }

    /**
     * A key of a file of version 10: type, key and value. Fields of a hash are there without their expiries, but for those that are over,
     * which would come back for ever; at least one is not.
     */
    static byte[] entry(byte[] key, Value value, long nowMillis) {
        RdbWriter content = new RdbWriter(false, nowMillis);
        content.value(value);
        byte[] typed = content.out.toByteArray();
        RdbWriter whole = new RdbWriter();
        whole.out.write(typed[0]);
        whole.string(key);
        whole.out.write(typed, 1, typed.length - 1);
        return whole.out.toByteArray();
    }

    /** Strings behind one another, each with its length. */
    static byte[] strings(byte[]... strings) {
        RdbWriter writer = new RdbWriter();
        for (byte[] each : strings) {
            writer.string(each);
        }
        return writer.out.toByteArray();
    }

    /** The payload of FUNCTION DUMP: each library's source behind its mark, version and checksum. */
    public static byte[] functions(List<byte[]> sources) {
        RdbWriter writer = new RdbWriter();
        for (byte[] source : sources) {
            writer.out.write(RdbFile.FUNCTION);
            writer.string(source);
        }
        return writer.payload();
    }

    private byte[] payload() {
        out.write(version);
        out.write(0);
        byte[] body = out.toByteArray();
        little(Crc64.of(body, body.length), 8);
        return out.toByteArray();
    }

    private void little(long number, int bytes) {
        for (int i = 0; i < bytes; i++) {
            out.write((int) (number >>> (8 * i)));
        }
    }

    /** Unsigned: the parts of a stream's ids are, and a group that does not know how much it read says so by all ones. */
    private void length(long length) {
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

    private void string(byte[] bytes) {
        if (bytes.length <= 11 && Numbers.isLong(bytes, 0, bytes.length)) {
            long number = Numbers.parse(bytes, 0, bytes.length);
            int width = number == (byte) number ? 1 : number == (short) number ? 2 : number == (int) number ? 4 : 0;
            if (width > 0) {
                out.write(0xc0 | width >> 1);
                little(number, width);
                return;
            }
        }
        length(bytes.length);
        out.writeBytes(bytes);
    }

    private void text(String text) {
        string(text.getBytes(StandardCharsets.ISO_8859_1));
    }

    private void value(Value value) {
        switch (value) {
            case StringValue string -> {
                out.write(STRING);
                string(string.string());
            }
            case ListValue list -> {
                out.write(LIST_QUICKLIST_2);
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

    private void set(SetValue set) {
        long[] sorted = set.sorted();
        if (sorted == null) {
            out.write(SET);
            length(set.size());
            set.forEach(this::string);
            return;
        }
        int width = 2;
        for (long number : sorted) {
            width = Math.max(width, number == (short) number ? 2 : number == (int) number ? 4 : 8);
        }
        out.write(SET_INTSET);
        length(8L + (long) width * sorted.length);
        little(width, 4);
        little(sorted.length, 4);
        for (long number : sorted) {
            little(number, width);
        }
    }

    private void hash(HashValue hash) {
        ListPack packed = hash.packed();
        if (packed != null) {
            out.write(HASH_LISTPACK);
            string(packed.dump());
            return;
        }
        long first = expiries ? first(hash) : 0;
        if (first != 0) {
            version = VERSION_OF_EXPIRIES;
            out.write(HASH_METADATA);
            little(first, 8);
        } else {
            out.write(HASH);
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
            out.write(ZSET_LISTPACK);
            string(packed.dump());
            return;
        }
        out.write(ZSET_2);
        length(sorted.size());
        sorted.range((int) sorted.size() - 1, (int) sorted.size(), true, (member, score) -> {
            string(member);
            little(Double.doubleToRawLongBits(score), 8);
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
        out.write(STREAM_LISTPACKS_2);
        length(stream.nodes());
        stream.forEachNode((base, entries) -> {
            length(2 * Long.BYTES);
            raw(base);
            string(entries.dump());
        });
        length(stream.size());
        id(stream.last());
        id(stream.first());
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
                little(pending.delivered(), 8);
                length(pending.times());
                return true;
            });
            length(group.consumers().size());
            group.consumers().forEach(consumer -> {
                text(consumer.name());
                little(consumer.seen(), 8);
                length(consumer.pending());
                group.pending(consumer, StreamId.MIN, StreamId.MAX, pending -> {
                    raw(pending.id());
                    return true;
                });
            });
        }
    }
}
