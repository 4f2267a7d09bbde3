package io.plinth.mqbroker.management;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.netty.buffer.Unpooled;
import io.plinth.mqbroker.http.ApiException;
import io.plinth.mqbroker.wire.ContentProperties;
import io.plinth.mqbroker.wire.ContentProperties.Field;
import io.plinth.mqbroker.wire.FieldTable;
import io.plinth.mqbroker.wire.FieldTableCodec;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** A message's properties as the API has them, and as they stand on the wire (AMQP 0-9-1 section 1.8). */
final class MessageProperties {
    private static final int SHORT = 255;
    private static final int FIRST_BIT = 15;

    private MessageProperties() {}

    private static String name(Field field) {
        return field.name().toLowerCase(Locale.ROOT);
    }

    static byte[] write(@Nullable Object json) {
        Map<?, ?> given = json instanceof Map<?, ?> map ? map : Map.of();
        ByteBuf values = Unpooled.buffer();
        int flags = 0;
        int bit = FIRST_BIT;
        for (Field field : Field.values()) {
            Object value = given.get(name(field));
            if (value != null) {
                flags |= 1 << bit;
                write(values, field, value);
            }
            bit--;
        }
        ByteBuf whole =
                Unpooled.buffer(2 + values.readableBytes()).writeShort(flags).writeBytes(values);
        return ByteBufUtil.getBytes(whole);
    }

    private static void write(ByteBuf out, Field field, Object value) {
        switch (field) {
            case HEADERS -> FieldTableCodec.write(out, Tables.table(value));
            case DELIVERY_MODE, PRIORITY -> out.writeByte((int) number(field, value, 0xFF));
            case TIMESTAMP -> out.writeLong(number(field, value, Long.MAX_VALUE));
            default -> {
                byte[] text = String.valueOf(value).getBytes(StandardCharsets.UTF_8);
                if (text.length > SHORT) {
                    throw ApiException.badRequest(
                            name(field) + ": " + text.length + " octets (expected: at most " + SHORT + ")");
                }
                if (field == Field.EXPIRATION && !String.valueOf(value).matches("[0-9]{1,12}")) {
                    throw ApiException.badRequest("expiration: " + value + " (expected: milliseconds)");
                }
                out.writeByte(text.length).writeBytes(text);
            }
        }
    }

    private static long number(Field field, Object value, long max) {
        if (value instanceof Long number && number >= 0 && number <= max) {
            return number;
        }
        throw ApiException.badRequest(
                "not_int: " + name(field) + " " + value + " (expected: a whole number from 0 to " + max + ")");
    }

    static Map<String, @Nullable Object> read(byte[] properties) {
        Map<String, @Nullable Object> shown = new LinkedHashMap<>();
        ByteBuf in = Unpooled.wrappedBuffer(properties);
        int flags = in.readUnsignedShort();
        int bit = FIRST_BIT;
        for (Field field : Field.values()) {
            boolean present = (flags & (1 << bit)) != 0;
            bit--;
            if (!present) {
                continue;
            }
            switch (field) {
                case HEADERS -> {
                    FieldTable headers = ContentProperties.headers(properties);
                    in.skipBytes(Math.toIntExact(in.readUnsignedInt()));
                    shown.put(name(field), Tables.json(headers));
                }
                case DELIVERY_MODE, PRIORITY -> shown.put(name(field), (long) in.readUnsignedByte());
                case TIMESTAMP -> shown.put(name(field), in.readLong());
                default -> shown.put(name(field), in.readString(in.readUnsignedByte(), StandardCharsets.UTF_8));
            }
        }
        return shown;
    }
}
