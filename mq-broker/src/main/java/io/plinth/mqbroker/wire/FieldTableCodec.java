package io.plinth.mqbroker.wire;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Field tables on the wire (AMQP 0-9-1 section 4.2.5.5, with the value types RabbitMQ uses). */
public final class FieldTableCodec {
    /** Tables and arrays nest no deeper, unless a limit says otherwise. */
    public static final int DEFAULT_DEPTH = 16;

    private final int maxDepth;
    private final int maxBytes;

    /**
     * Limits for one connection.
     *
     * @param maxDepth how deep tables and arrays may nest
     * @param maxBytes how long one outermost table may be
     */
    public FieldTableCodec(int maxDepth, int maxBytes) {
        this.maxDepth = maxDepth;
        this.maxBytes = maxBytes;
    }

    public FieldTable read(ByteBuf in) {
        Need.bytes(in, 4, "table length");
        long length = in.getUnsignedInt(in.readerIndex());
        if (length > maxBytes) {
            throw new AmqpException(
                    ReplyCode.SYNTAX_ERROR, "table: " + length + " octets (expected: <= " + maxBytes + ")");
        }
        return table(in, 1);
    }

    private FieldTable table(ByteBuf in, int depth) {
        ByteBuf body = nested(in, depth);
        if (!body.isReadable()) {
            return FieldTable.EMPTY;
        }
        Map<String, @Nullable Object> entries = new LinkedHashMap<>();
        while (body.isReadable()) {
            String key = ShortString.read(body);
            entries.put(key, value(body, depth));
        }
        return new FieldTable(entries);
    }

    private ByteBuf nested(ByteBuf in, int depth) {
        if (depth > maxDepth) {
            throw new AmqpException(
                    ReplyCode.SYNTAX_ERROR, "table depth: " + depth + " (expected: <= " + maxDepth + ")");
        }
        Need.bytes(in, 4, "table length");
        long length = in.readUnsignedInt();
        Need.bytes(in, length, "table");
        return in.readSlice((int) length);
    }

    private @Nullable Object value(ByteBuf in, int depth) {
        Need.bytes(in, 1, "field type");
        char tag = (char) in.readUnsignedByte();
        switch (tag) {
            case 't', 'b', 'B' -> Need.bytes(in, 1, "field");
            case 's', 'u' -> Need.bytes(in, 2, "field");
            case 'I', 'i', 'f' -> Need.bytes(in, 4, "field");
            case 'l', 'd', 'T' -> Need.bytes(in, 8, "field");
            case 'D' -> Need.bytes(in, 5, "field");
            default -> {}
        }
        return switch (tag) {
            case 't' -> in.readBoolean();
            case 'b' -> in.readByte();
            case 's' -> in.readShort();
            case 'I' -> in.readInt();
            case 'l' -> in.readLong();
            case 'B' -> new FieldTable.Unsigned('B', in.readUnsignedByte());
            case 'u' -> new FieldTable.Unsigned('u', in.readUnsignedShort());
            case 'i' -> new FieldTable.Unsigned('i', in.readUnsignedInt());
            case 'f' -> in.readFloat();
            case 'd' -> in.readDouble();
            case 'D' -> decimal(in);
            case 'T' -> new FieldTable.Timestamp(in.readLong());
            case 'S', 'x' -> longString(in, tag);
            case 'F' -> table(in, depth + 1);
            case 'A' -> array(in, depth + 1);
            case 'V' -> null;
            default ->
                throw new AmqpException(
                        ReplyCode.SYNTAX_ERROR,
                        "field type: 0x" + Integer.toHexString(tag) + " (expected: one of tbBsuIilfdDSxATFV)");
        };
    }

    private static BigDecimal decimal(ByteBuf in) {
        int scale = in.readUnsignedByte();
        return new BigDecimal(BigInteger.valueOf(in.readInt()), scale);
    }

    private static Object longString(ByteBuf in, char tag) {
        Need.bytes(in, 4, "long string length");
        long length = in.readUnsignedInt();
        Need.bytes(in, length, "long string");
        byte[] bytes = new byte[(int) length];
        in.readBytes(bytes);
        if (tag == 'x') {
            return new FieldTable.Octets('x', bytes);
        }
        try {
            return StandardCharsets.UTF_8
                    .newDecoder()
                    .decode(ByteBuffer.wrap(bytes))
                    .toString();
        } catch (CharacterCodingException e) {
            return new FieldTable.Octets('S', bytes);
        }
    }

    private List<@Nullable Object> array(ByteBuf in, int depth) {
        ByteBuf body = nested(in, depth);
        List<@Nullable Object> values = new ArrayList<>();
        while (body.isReadable()) {
            values.add(value(body, depth));
        }
        return values;
    }

    public static void write(ByteBuf out, FieldTable table) {
        int at = out.writerIndex();
        out.writeInt(0);
        table.entries().forEach((key, value) -> {
            ShortString.write(out, key);
            writeValue(out, value);
        });
        out.setInt(at, out.writerIndex() - at - 4);
    }

    private static void writeValue(ByteBuf out, @Nullable Object value) {
        switch (value) {
            case null -> out.writeByte('V');
            case Boolean v -> out.writeByte('t').writeBoolean(v);
            case Byte v -> out.writeByte('b').writeByte(v);
            case Short v -> out.writeByte('s').writeShort(v);
            case Integer v -> out.writeByte('I').writeInt(v);
            case Long v -> out.writeByte('l').writeLong(v);
            case Float v -> out.writeByte('f').writeFloat(v);
            case Double v -> out.writeByte('d').writeDouble(v);
            case FieldTable.Timestamp v -> out.writeByte('T').writeLong(v.seconds());
            case FieldTable.Octets v ->
                out.writeByte(v.tag()).writeInt(v.bytes().length).writeBytes(v.bytes());
            case BigDecimal v ->
                out.writeByte('D')
                        .writeByte(v.scale())
                        .writeInt(v.unscaledValue().intValue());
            case FieldTable.Unsigned v -> writeUnsigned(out, v);
            case String v -> {
                out.writeByte('S');
                int at = out.writerIndex();
                out.writeInt(0);
                out.setInt(at, ByteBufUtil.writeUtf8(out, v));
            }
            case FieldTable v -> {
                out.writeByte('F');
                write(out, v);
            }
            case List<?> v -> {
                out.writeByte('A');
                int at = out.writerIndex();
                out.writeInt(0);
                for (Object element : v) {
                    writeValue(out, element);
                }
                out.setInt(at, out.writerIndex() - at - 4);
            }
            default ->
                throw new IllegalArgumentException("field value: " + value.getClass() + " (expected: a field type)");
        }
    }

    private static void writeUnsigned(ByteBuf out, FieldTable.Unsigned value) {
        out.writeByte(value.tag());
        switch (value.tag()) {
            case 'B' -> out.writeByte((int) value.value());
            case 'u' -> out.writeShort((int) value.value());
            case 'i' -> out.writeInt((int) value.value());
            default -> throw new IllegalArgumentException("unsigned tag: " + value.tag() + " (expected: B, u or i)");
        }
    }
}
