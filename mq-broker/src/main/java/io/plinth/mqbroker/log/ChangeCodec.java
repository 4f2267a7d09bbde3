package io.plinth.mqbroker.log;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.netty.buffer.Unpooled;
import io.plinth.mqbroker.wire.FieldTable;
import io.plinth.mqbroker.wire.FieldTableCodec;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Changes as records: {@code version 1 | epoch 8 | sequence 8 | previous 8 | type 1 | effect}, big-endian; the shard is the log's. */
public final class ChangeCodec {
    private static final int VERSION = 1;
    private static final int MAX_TEXT = 0xFFFF;
    private static final int ENQUEUED = 1;
    private static final int SETTLED = 2;
    private static final int DELIVERED = 3;
    private static final int DROPPED = 4;
    private static final int ENQUEUED_MARKED = 5;
    private static final int RETURNED = 6;
    private static final int DEDUP_FORGOTTEN = 7;
    private static final int MOVED = 8;
    private static final int ENQUEUED_WAITING = 9;
    private static final int MOVED_WAITING = 10;
    private static final int EXCHANGE_DECLARED = 16;
    private static final int EXCHANGE_DELETED = 17;
    private static final int QUEUE_DECLARED = 18;
    private static final int QUEUE_DELETED = 19;
    private static final int BOUND = 20;
    private static final int UNBOUND = 21;
    private static final int SNAPSHOT = 22;
    private static final int IN_VHOST = 23;
    private static final int SETTING = 24;

    private static final FieldTableCodec TABLES = new FieldTableCodec(Integer.MAX_VALUE, Integer.MAX_VALUE);

    private ChangeCodec() {}

    public static void write(ByteBuf out, Change change) {
        out.writeByte(VERSION)
                .writeLong(change.epoch())
                .writeLong(change.sequence())
                .writeLong(change.previous());
        writeEffect(out, change.effect());
    }

    private static void writeEffect(ByteBuf out, Effect effect) {
        switch (effect) {
            case Effect.OnMessages e -> writeMessages(out, e);
            case Effect.OnDefinitions e -> writeDefinition(out, e);
        }
    }

    private static void writeMessages(ByteBuf out, Effect.OnMessages effect) {
        switch (effect) {
            case Effect.Enqueued e -> {
                boolean plain = e.targets().stream().allMatch(Effect.Target::plain);
                boolean waiting = !plain && waiting(e.targets());
                out.writeByte(plain ? ENQUEUED : waiting ? ENQUEUED_WAITING : ENQUEUED_MARKED);
                writeTargets(out, e.targets(), !plain, waiting);
                writeContent(out, e.content());
            }
            case Effect.Settled e -> {
                out.writeByte(SETTLED).writeLong(e.queueId()).writeInt(e.ids().length);
                for (long id : e.ids()) {
                    out.writeLong(id);
                }
            }
            case Effect.DeliveredUpTo e ->
                out.writeByte(DELIVERED).writeLong(e.queueId()).writeLong(e.id());
            case Effect.QueueDropped e -> out.writeByte(DROPPED).writeLong(e.queueId());
            case Effect.Moved e -> {
                boolean waiting = waiting(e.targets());
                out.writeByte(waiting ? MOVED_WAITING : MOVED).writeLong(e.sequence());
                writeTargets(out, e.targets(), true, waiting);
                writeContent(out, e.content());
            }
            case Effect.Returned e ->
                out.writeByte(RETURNED)
                        .writeLong(e.queueId())
                        .writeLong(e.id())
                        .writeInt(e.count())
                        .writeLong(e.availableAt());
            case Effect.DedupForgotten e ->
                out.writeByte(DEDUP_FORGOTTEN).writeLong(e.queueId()).writeLong(e.upTo());
        }
    }

    /** A definition without epoch and sequence, as the index keeps it. */
    public static void writeDefinition(ByteBuf out, Effect.OnDefinitions effect) {
        switch (effect) {
            case Effect.ExchangeDeclared e -> {
                out.writeByte(EXCHANGE_DECLARED);
                text(out, e.name());
                text(out, e.type());
                out.writeBoolean(e.autoDelete()).writeBoolean(e.internal());
                FieldTableCodec.write(out, e.arguments());
            }
            case Effect.ExchangeDeleted e -> {
                out.writeByte(EXCHANGE_DELETED);
                text(out, e.name());
            }
            case Effect.QueueDeclared e -> {
                out.writeByte(QUEUE_DECLARED).writeLong(e.id());
                text(out, e.name());
                out.writeBoolean(e.autoDelete());
                FieldTableCodec.write(out, e.arguments());
            }
            case Effect.QueueDeleted e -> {
                out.writeByte(QUEUE_DELETED).writeLong(e.id());
                text(out, e.name());
            }
            case Effect.Bound e -> {
                out.writeByte(BOUND);
                binding(out, e.source(), e.toQueue(), e.destination(), e.routingKey(), e.arguments());
            }
            case Effect.Unbound e -> {
                out.writeByte(UNBOUND);
                binding(out, e.source(), e.toQueue(), e.destination(), e.routingKey(), e.arguments());
            }
            case Effect.InVhost e -> {
                out.writeByte(IN_VHOST);
                text(out, e.vhost());
                writeDefinition(out, e.effect());
            }
            case Effect.Setting e -> {
                out.writeByte(SETTING);
                text(out, e.kind());
                text(out, e.key());
                FieldTable value = e.value();
                out.writeBoolean(value != null);
                FieldTableCodec.write(out, value == null ? FieldTable.EMPTY : value);
            }
            case Effect.Snapshot e -> {
                out.writeByte(SNAPSHOT)
                        .writeLong(e.nextQueueId())
                        .writeInt(e.definitions().size());
                e.definitions().forEach(definition -> writeDefinition(out, definition));
            }
        }
    }

    private static void binding(
            ByteBuf out, String source, boolean toQueue, String destination, String key, FieldTable arguments) {
        text(out, source);
        out.writeBoolean(toQueue);
        text(out, destination);
        text(out, key);
        FieldTableCodec.write(out, arguments);
    }

    private static boolean waiting(List<Effect.Target> targets) {
        return targets.stream().anyMatch(target -> target.hold() != null);
    }

    private static void writeTargets(ByteBuf out, List<Effect.Target> targets, boolean marked, boolean waiting) {
        out.writeInt(targets.size());
        for (Effect.Target target : targets) {
            out.writeLong(target.queueId()).writeLong(target.expiresAt());
            if (marked) {
                out.writeByte(target.priority());
                optional(out, target.group());
                Effect.Dedup dedup = target.dedup();
                optional(out, dedup == null ? null : dedup.key());
                out.writeLong(dedup == null ? 0 : dedup.until());
            }
            if (waiting) {
                Effect.Hold hold = target.hold();
                out.writeInt(hold == null ? 0 : hold.returns()).writeLong(hold == null ? 0 : hold.until());
            }
        }
    }

    private static void optional(ByteBuf out, @Nullable String value) {
        out.writeBoolean(value != null);
        if (value != null) {
            text(out, value);
        }
    }

    private static @Nullable String optional(ByteBuf in) {
        return in.readBoolean() ? text(in) : null;
    }

    /** A message as it stands in a record. */
    public static void writeContent(ByteBuf out, Content content) {
        text(out, content.exchange());
        text(out, content.routingKey());
        out.writeInt(content.properties().length).writeBytes(content.properties());
        out.writeInt(content.body().length).writeBytes(content.body());
    }

    private static void text(ByteBuf out, String value) {
        int at = out.writerIndex();
        out.writeShort(0);
        int length = ByteBufUtil.writeUtf8(out, value);
        if (length > MAX_TEXT) {
            throw new IllegalArgumentException("text: " + length + " octets (expected: <= " + MAX_TEXT + ")");
        }
        out.setShort(at, length);
    }

    /** Reads a record of the given shard's log; a message's content is left where it is. */
    public static Change read(int shard, long position, ByteBuffer record) throws IOException {
        ByteBuf in = Unpooled.wrappedBuffer(record);
        int version = in.readUnsignedByte();
        if (version != VERSION) {
            throw new IOException("record version: " + version + " (expected: " + VERSION
                    + "; the data was written by a newer release, start that one)");
        }
        long epoch = in.readLong();
        long sequence = in.readLong();
        long previous = in.readLong();
        return new Change(shard, epoch, sequence, previous, readEffect(in, position));
    }

    private static Effect readEffect(ByteBuf in, long position) throws IOException {
        int type = in.getUnsignedByte(in.readerIndex());
        if (type >= EXCHANGE_DECLARED) {
            return readDefinition(in);
        }
        in.skipBytes(1);
        return switch (type) {
            case ENQUEUED, ENQUEUED_MARKED, ENQUEUED_WAITING -> {
                List<Effect.Target> targets = readTargets(in, type != ENQUEUED, type == ENQUEUED_WAITING);
                Content content = readContent(in);
                yield new Effect.Enqueued(
                        targets, new Message(position, content.size(), content.body().length), content);
            }
            case SETTLED -> {
                long queueId = in.readLong();
                long[] ids = new long[in.readInt()];
                for (int i = 0; i < ids.length; i++) {
                    ids[i] = in.readLong();
                }
                yield new Effect.Settled(queueId, ids);
            }
            case DELIVERED -> new Effect.DeliveredUpTo(in.readLong(), in.readLong());
            case DROPPED -> new Effect.QueueDropped(in.readLong());
            case RETURNED -> new Effect.Returned(in.readLong(), in.readLong(), in.readInt(), in.readLong());
            case MOVED, MOVED_WAITING -> {
                long sequence = in.readLong();
                List<Effect.Target> targets = readTargets(in, true, type == MOVED_WAITING);
                Content content = readContent(in);
                yield new Effect.Moved(
                        sequence, targets, new Message(position, content.size(), content.body().length), content);
            }
            case DEDUP_FORGOTTEN -> new Effect.DedupForgotten(in.readLong(), in.readLong());
            default -> throw new IOException("record type: " + type + " (expected: a known one)");
        };
    }

    /** Reads what {@link #writeDefinition} wrote. */
    public static Effect.OnDefinitions readDefinition(ByteBuf in) throws IOException {
        int type = in.readUnsignedByte();
        return switch (type) {
            case EXCHANGE_DECLARED ->
                new Effect.ExchangeDeclared(text(in), text(in), in.readBoolean(), in.readBoolean(), TABLES.read(in));
            case EXCHANGE_DELETED -> new Effect.ExchangeDeleted(text(in));
            case QUEUE_DECLARED -> new Effect.QueueDeclared(in.readLong(), text(in), in.readBoolean(), TABLES.read(in));
            case QUEUE_DELETED -> new Effect.QueueDeleted(in.readLong(), text(in));
            case BOUND -> new Effect.Bound(text(in), in.readBoolean(), text(in), text(in), TABLES.read(in));
            case UNBOUND -> new Effect.Unbound(text(in), in.readBoolean(), text(in), text(in), TABLES.read(in));
            case IN_VHOST -> new Effect.InVhost(text(in), readDefinition(in));
            case SETTING -> {
                String kind = text(in);
                String key = text(in);
                boolean there = in.readBoolean();
                FieldTable value = TABLES.read(in);
                yield new Effect.Setting(kind, key, there ? value : null);
            }
            case SNAPSHOT -> {
                long nextQueueId = in.readLong();
                int count = in.readInt();
                List<Effect.OnDefinitions> definitions = new ArrayList<>();
                for (int i = 0; i < count; i++) {
                    definitions.add(readDefinition(in));
                }
                yield new Effect.Snapshot(nextQueueId, definitions);
            }
            default -> throw new IOException("record type: " + type + " (expected: a known one)");
        };
    }

    /** The content of a message's record. */
    public static Content content(ByteBuffer record) throws IOException {
        return switch (read(0, 0, record).effect()) {
            case Effect.Enqueued e -> e.content();
            case Effect.Moved e -> e.content();
            case Effect other ->
                throw new IOException("record: " + other.getClass().getSimpleName() + " (expected: a message)");
        };
    }

    private static List<Effect.Target> readTargets(ByteBuf in, boolean marked, boolean waiting) {
        int count = in.readInt();
        List<Effect.Target> targets = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            long queueId = in.readLong();
            long expiresAt = in.readLong();
            if (!marked) {
                targets.add(new Effect.Target(queueId, expiresAt));
                continue;
            }
            int priority = in.readUnsignedByte();
            String group = optional(in);
            String key = optional(in);
            long until = in.readLong();
            Effect.Hold hold = waiting ? new Effect.Hold(in.readInt(), in.readLong()) : null;
            targets.add(new Effect.Target(
                    queueId, expiresAt, priority, group, key == null ? null : new Effect.Dedup(key, until), hold));
        }
        return targets;
    }

    /** Reads what {@link #writeContent} wrote. */
    public static Content readContent(ByteBuf in) {
        String exchange = text(in);
        String routingKey = text(in);
        byte[] properties = new byte[in.readInt()];
        in.readBytes(properties);
        byte[] body = new byte[in.readInt()];
        in.readBytes(body);
        return new Content(exchange, routingKey, properties, body);
    }

    private static String text(ByteBuf in) {
        return in.readString(in.readUnsignedShort(), StandardCharsets.UTF_8);
    }
}
