package io.plinth.dbproxy.commit;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.zip.CRC32C;
import org.jspecify.annotations.Nullable;

/**
 * The decision log's bytes: magic (8), owner (8), CRC32C of both (4); then records of length (4), CRC32C (4) and body.
 * Stateless.
 */
final class DecisionRecords {
    static final int HEADER = 20;

    private static final long MAGIC = 0x504c4e5448545831L; // PLNTHTX1
    private static final int LONGEST = 1 << 20;
    private static final byte DECIDED = 1;
    private static final byte SETTLED = 2;

    private DecisionRecords() {}

    /** What one record says: decided to commit, with its database and shards; or, with none, that all is settled. */
    record Entry(TransactionId id, @Nullable Decision decision) {}

    static void header(ByteBuffer out, long owner) {
        int start = out.position();
        out.putLong(MAGIC).putLong(owner);
        out.putInt(crc(out, start, 16));
    }

    /** Reads the header and answers whose log it is. */
    static long owner(ByteBuffer in) throws IOException {
        if (in.remaining() < HEADER
                || in.getLong(in.position()) != MAGIC
                || in.getInt(in.position() + 16) != crc(in, in.position(), 16)) {
            throw new IOException("no decision log of this version, or a broken one");
        }
        long owner = in.getLong(in.position() + 8);
        in.position(in.position() + HEADER);
        return owner;
    }

    static byte[] decided(Decision decision) {
        List<byte[]> names = new ArrayList<>();
        names.add(decision.database().getBytes(StandardCharsets.UTF_8));
        decision.shards().forEach(shard -> names.add(shard.getBytes(StandardCharsets.UTF_8)));
        int length = 17 + 4 + names.stream().mapToInt(name -> 4 + name.length).sum();
        ByteBuffer body = body(DECIDED, decision.id(), length);
        body.putInt(names.size());
        names.forEach(name -> body.putInt(name.length).put(name));
        return finish(body);
    }

    static byte[] settled(TransactionId id) {
        return finish(body(SETTLED, id, 17));
    }

    private static ByteBuffer body(byte type, TransactionId id, int length) {
        return ByteBuffer.allocate(8 + length)
                .position(8)
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

    /** The next whole record; null where the rest was not written whole, which nobody was promised. */
    static @Nullable Entry next(ByteBuffer in) {
        if (in.remaining() < 8) {
            return null;
        }
        int start = in.position();
        int length = in.getInt(start);
        if (length < 17
                || length > LONGEST
                || length > in.remaining() - 8
                || in.getInt(start + 4) != crc(in, start + 8, length)) {
            return null;
        }
        ByteBuffer body = in.slice(start + 8, length);
        in.position(start + 8 + length);
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
