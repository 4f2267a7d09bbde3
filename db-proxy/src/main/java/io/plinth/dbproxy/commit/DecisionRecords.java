package io.plinth.dbproxy.commit;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.zip.CRC32C;
import org.jspecify.annotations.Nullable;

/**
 * The decision log's bytes: magic (8), owner (8), how many bytes were written at once with them (8), CRC32C of these (4); then
 * records of length (4), CRC32C (4), how much of the file was synced before (8), and body. Stateless.
 *
 * <p>What is not whole at the end was never promised. What is not whole before something that was synced later was damaged:
 * decisions may be missing, and to roll those back would undo commits.
 */
final class DecisionRecords {
    static final int HEADER = 28;
    private static final int HEAD = 16;

    private static final long MAGIC = 0x504c4e5448545831L; // PLNTHTX1
    private static final int LONGEST = 1 << 20;
    private static final byte DECIDED = 1;
    private static final byte SETTLED = 2;

    private DecisionRecords() {}

    /** What one record says: decided to commit, with its database and shards; or, with none, that all is settled. */
    record Entry(TransactionId id, @Nullable Decision decision) {}

    static void header(ByteBuffer out, long owner, int size) {
        int start = out.position();
        out.putLong(MAGIC).putLong(owner).putLong(size);
        out.putInt(crc(out, start, 24));
    }

    /** Whose log it is, by its header. */
    static long owner(ByteBuffer in) throws IOException {
        if (in.remaining() < HEADER || in.getLong(0) != MAGIC || in.getInt(24) != crc(in, 0, 24)) {
            throw new IOException("no decision log of this version, or a broken one");
        }
        return in.getLong(8);
    }

    /** All records; throws when one that had been synced is damaged. */
    static List<Entry> all(ByteBuffer in) throws IOException {
        List<Entry> entries = new ArrayList<>();
        int at = HEADER;
        for (int length = length(in, at); length > 0; length = length(in, at)) {
            entries.add(entry(in.slice(at + HEAD, length - HEAD)));
            at += length;
        }
        long synced = in.getLong(16);
        for (int later = at + 1; later < in.limit() && synced <= at; later++) {
            synced = length(in, later) > 0 ? in.getLong(later + 8) : 0;
        }
        if (synced > at) {
            throw new IOException("damaged at byte " + at + ", which had been synced");
        }
        return entries;
    }

    static byte[] decided(Decision decision, long synced) {
        List<byte[]> names = new ArrayList<>();
        names.add(decision.database().getBytes(StandardCharsets.UTF_8));
        decision.shards().forEach(shard -> names.add(shard.getBytes(StandardCharsets.UTF_8)));
        int length = 17 + 4 + names.stream().mapToInt(name -> 4 + name.length).sum();
        ByteBuffer body = body(DECIDED, decision.id(), length, synced);
        body.putInt(names.size());
        names.forEach(name -> body.putInt(name.length).put(name));
        return finish(body);
    }

    static byte[] settled(TransactionId id, long synced) {
        return finish(body(SETTLED, id, 17, synced));
    }

    private static ByteBuffer body(byte type, TransactionId id, int length, long synced) {
        return ByteBuffer.allocate(HEAD + length)
                .putLong(8, synced)
                .position(HEAD)
                .put(type)
                .putLong(id.start())
                .putLong(id.number());
    }

    private static byte[] finish(ByteBuffer record) {
        int length = record.position() - 8;
        record.putInt(0, length).putInt(4, crc(record, 8, length));
        byte[] bytes = new byte[record.capacity()];
        record.get(0, bytes);
        return bytes;
    }

    /** How long the whole record is that begins there; 0 where none does. */
    private static int length(ByteBuffer in, int at) {
        int left = in.limit() - at;
        if (left < HEAD) {
            return 0;
        }
        int length = in.getInt(at);
        return length < HEAD + 9
                        || length > LONGEST
                        || length > left - 8
                        || in.getInt(at + 4) != crc(in, at + 8, length)
                ? 0
                : 8 + length;
    }

    private static Entry entry(ByteBuffer body) {
        byte type = body.get();
        TransactionId id = new TransactionId(body.getLong(), body.getLong());
        if (type == SETTLED) {
            return new Entry(id, null);
        }
        List<String> names = new ArrayList<>();
        for (int left = body.getInt(); left > 0; left--) {
            byte[] name = new byte[body.getInt()];
            body.get(name);
            names.add(new String(name, StandardCharsets.UTF_8));
        }
        return new Entry(id, new Decision(id, names.getFirst(), names.subList(1, names.size())));
    }

    private static int crc(ByteBuffer bytes, int from, int length) {
        CRC32C crc = new CRC32C();
        crc.update(bytes.slice(from, length));
        return (int) crc.getValue();
    }
}
