package io.plinth.mqbroker.wire;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.nio.ByteBuffer;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * The properties of basic content (section 1.8) as raw octets: two octets of flags and the values they announce. They are forwarded
 * untouched; a field is looked up only by who needs it.
 */
public final class ContentProperties {
    /** The fields, in the order of their flags from bit 15 down. */
    public enum Field {
        CONTENT_TYPE(15),
        CONTENT_ENCODING(14),
        HEADERS(13),
        DELIVERY_MODE(12),
        PRIORITY(11),
        CORRELATION_ID(10),
        REPLY_TO(9),
        EXPIRATION(8),
        MESSAGE_ID(7),
        TIMESTAMP(6),
        TYPE(5),
        USER_ID(4),
        APP_ID(3),
        CLUSTER_ID(2);

        private static final Field[] ALL = values();

        private final int bit;

        Field(int bit) {
            this.bit = 1 << bit;
        }

        int bit() {
            return bit;
        }
    }

    private static final int UNKNOWN_FLAGS = 0b11;

    private ContentProperties() {}

    /** Reads properties through once, so that later look-ups cannot fail. */
    static final class Checker {
        private final FieldTableCodec tables;

        Checker(FieldTableCodec tables) {
            this.tables = tables;
        }

        void check(ByteBuf in) {
            int flags = in.readUnsignedShort();
            if ((flags & UNKNOWN_FLAGS) != 0) {
                throw new AmqpException(ReplyCode.SYNTAX_ERROR, "property flags: " + flags + " (expected: 14 flags)");
            }
            for (Field field : Field.ALL) {
                if ((flags & field.bit()) != 0) {
                    if (field == Field.HEADERS) {
                        tables.read(in);
                    } else {
                        skip(field, in);
                    }
                }
            }
            if (in.isReadable()) {
                throw new AmqpException(
                        ReplyCode.SYNTAX_ERROR,
                        "properties: " + in.readableBytes() + " octets too many (expected: none)");
            }
        }
    }

    private static void skip(Field field, ByteBuf in) {
        long length = switch (field) {
            case DELIVERY_MODE, PRIORITY -> 1;
            case TIMESTAMP -> 8;
            case HEADERS -> {
                Need.bytes(in, 4, "headers");
                yield 4 + in.getUnsignedInt(in.readerIndex());
            }
            default -> {
                Need.bytes(in, 1, "property");
                yield 1 + in.getUnsignedByte(in.readerIndex());
            }
        };
        Need.bytes(in, length, "property");
        in.skipBytes((int) length);
    }

    /** Whether the publisher asked for the message to survive a restart. */
    public static boolean persistent(byte[] properties) {
        if ((flags(properties) & Field.DELIVERY_MODE.bit()) == 0) {
            return false;
        }
        int at = offset(properties, Field.DELIVERY_MODE);
        return properties[at] == 2;
    }

    /** A short-string field, or null where it is absent. */
    public static @Nullable String text(byte[] properties, Field field) {
        if ((flags(properties) & field.bit()) == 0) {
            return null;
        }
        int at = offset(properties, field);
        return ShortString.shown(Unpooled.wrappedBuffer(properties, at, properties.length - at));
    }

    /** A field of one octet, or {@code absent}. */
    public static int octet(byte[] properties, Field field, int absent) {
        return (flags(properties) & field.bit()) == 0 ? absent : properties[offset(properties, field)] & 0xFF;
    }

    /** When the publisher says it was made, epoch seconds; -1 where it does not. */
    public static long timestamp(byte[] properties) {
        return (flags(properties) & Field.TIMESTAMP.bit()) == 0
                ? -1
                : ByteBuffer.wrap(properties).getLong(offset(properties, Field.TIMESTAMP));
    }

    /** Whether there is a headers table. */
    public static boolean hasHeaders(byte[] properties) {
        return (flags(properties) & Field.HEADERS.bit()) != 0;
    }

    /**
     * Whether a header of that name may be there: looks for the octets of the name only, so that most messages are never decoded.
     *
     * @param name a short ASCII name
     */
    public static boolean mayHaveHeader(byte[] properties, String name) {
        if (!hasHeaders(properties)) {
            return false;
        }
        int from = offset(properties, Field.HEADERS) + 4;
        int end = from + ByteBuffer.wrap(properties).getInt(from - 4);
        for (int at = from; at + name.length() < end; at++) {
            if (properties[at] == name.length() && matches(properties, at + 1, name)) {
                return true;
            }
        }
        return false;
    }

    private static boolean matches(byte[] properties, int at, String name) {
        for (int i = 0; i < name.length(); i++) {
            if (properties[at + i] != name.charAt(i)) {
                return false;
            }
        }
        return true;
    }

    /** All that are there, by their names. */
    public static FieldTable table(byte[] properties) {
        int flags = flags(properties);
        Map<String, @Nullable Object> all = new LinkedHashMap<>();
        for (Field field : Field.ALL) {
            if ((flags & field.bit()) != 0) {
                Object value = switch (field) {
                    case HEADERS -> headers(properties);
                    case DELIVERY_MODE, PRIORITY -> octet(properties, field, 0);
                    case TIMESTAMP -> ByteBuffer.wrap(properties).getLong(offset(properties, field));
                    default -> text(properties, field);
                };
                all.put(field.name().toLowerCase(Locale.ROOT), value);
            }
        }
        return new FieldTable(all);
    }

    /** The headers table; empty where it is absent. */
    public static FieldTable headers(byte[] properties) {
        if ((flags(properties) & Field.HEADERS.bit()) == 0) {
            return FieldTable.EMPTY;
        }
        int at = offset(properties, Field.HEADERS);
        return new FieldTableCodec(Integer.MAX_VALUE, Integer.MAX_VALUE)
                .read(Unpooled.wrappedBuffer(properties, at, properties.length - at));
    }

    /** The same properties with another headers table and without {@code expiration}, as a dead-lettered message has them. */
    public static byte[] deadLettered(byte[] properties, FieldTable headers) {
        return rewritten(properties, Field.EXPIRATION.bit(), Field.HEADERS, out -> FieldTableCodec.write(out, headers));
    }

    /** The same properties with another headers table. */
    public static byte[] withHeaders(byte[] properties, FieldTable headers) {
        return rewritten(properties, 0, Field.HEADERS, out -> FieldTableCodec.write(out, headers));
    }

    /** The same properties with another {@code reply-to}. */
    public static byte[] withReplyTo(byte[] properties, String replyTo) {
        return rewritten(properties, 0, Field.REPLY_TO, out -> ShortString.write(out, replyTo));
    }

    private static byte[] rewritten(byte[] properties, int dropped, Field replaced, Consumer<ByteBuf> value) {
        ByteBuf in = Unpooled.wrappedBuffer(properties);
        ByteBuf out = Unpooled.buffer(properties.length + 256);
        int flags = in.readUnsignedShort();
        out.writeShort((flags | replaced.bit()) & ~dropped);
        for (Field field : Field.ALL) {
            int from = in.readerIndex();
            boolean present = (flags & field.bit()) != 0;
            if (present) {
                skip(field, in);
            }
            if (field == replaced) {
                value.accept(out);
            } else if (present && (dropped & field.bit()) == 0) {
                out.writeBytes(in, from, in.readerIndex() - from);
            }
        }
        byte[] result = new byte[out.readableBytes()];
        out.readBytes(result);
        return result;
    }

    private static int flags(byte[] properties) {
        return ((properties[0] & 0xFF) << 8) | (properties[1] & 0xFF);
    }

    private static int offset(byte[] properties, Field wanted) {
        int flags = flags(properties);
        int at = 2;
        for (Field field : Field.ALL) {
            if (field == wanted) {
                return at;
            }
            if ((flags & field.bit()) != 0) {
                at += length(properties, at, field);
            }
        }
        throw new IllegalStateException("property field: " + wanted);
    }

    private static int length(byte[] properties, int at, Field field) {
        return switch (field) {
            case DELIVERY_MODE, PRIORITY -> 1;
            case TIMESTAMP -> 8;
            case HEADERS -> 4 + ByteBuffer.wrap(properties).getInt(at);
            default -> 1 + (properties[at] & 0xFF);
        };
    }
}
