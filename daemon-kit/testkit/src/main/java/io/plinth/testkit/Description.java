package io.plinth.testkit;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufHolder;
import java.lang.reflect.Method;
import java.lang.reflect.RecordComponent;
import java.nio.charset.StandardCharsets;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** Describes a decoded message by its content, so that two can be compared whatever buffers carry them. */
final class Description {
    private Description() {}

    /** A message type that carries a piece of a stream. */
    record Piece<T>(Class<T> type, Function<? super T, ByteBuf> content) {
        @Nullable
        String of(Object message) {
            return type.isInstance(message) ? text(content.apply(type.cast(message))) : null;
        }
    }

    /** The content of a piece of a stream, or null for a message that is none. A bare buffer is one. */
    static @Nullable String piece(Object message, List<Piece<?>> pieces) {
        for (Piece<?> piece : pieces) {
            String text = piece.of(message);
            if (text != null) {
                return text;
            }
        }
        return message instanceof ByteBuf buffer ? text(buffer) : null;
    }

    static String of(@Nullable Object value) {
        return switch (value) {
            case null -> "null";
            case ByteBuf buffer -> text(buffer);
            case ByteBufHolder holder -> holder.getClass().getSimpleName() + "(" + text(holder.content()) + ")";
            case byte[] bytes -> text(bytes);
            case Record record -> record(record);
            case Map<?, ?> map ->
                map.entrySet().stream()
                        .map(e -> of(e.getKey()) + "=" + of(e.getValue()))
                        .collect(Collectors.joining(", ", "{", "}"));
            case Collection<?> all -> all.stream().map(Description::of).collect(Collectors.joining(", ", "[", "]"));
            case Object[] all -> of(List.of(all));
            default -> plain(value);
        };
    }

    private static String record(Record record) {
        StringBuilder text = new StringBuilder(record.getClass().getSimpleName()).append('[');
        for (RecordComponent component : record.getClass().getRecordComponents()) {
            try {
                Method accessor = component.getAccessor();
                accessor.setAccessible(true);
                text.append(component.getName()).append('=').append(of(accessor.invoke(record)));
                text.append(' ');
            } catch (ReflectiveOperationException e) {
                throw new LinkageError(record.getClass() + "." + component.getName() + " (expected: readable)", e);
            }
        }
        return text.toString().stripTrailing() + "]";
    }

    /** Identity is no content: a class without a toString of its own is only named. */
    private static String plain(Object value) {
        String text = value.toString();
        return text.equals(value.getClass().getName() + "@" + Integer.toHexString(System.identityHashCode(value)))
                ? value.getClass().getSimpleName()
                : text;
    }

    static String text(ByteBuf buffer) {
        byte[] bytes = new byte[buffer.readableBytes()];
        buffer.getBytes(buffer.readerIndex(), bytes);
        return text(bytes);
    }

    private static String text(byte[] bytes) {
        StringBuilder text = new StringBuilder(bytes.length);
        for (char c : new String(bytes, StandardCharsets.ISO_8859_1).toCharArray()) {
            if (c >= ' ' && c < 0x7F && c != '\\') {
                text.append(c);
            } else {
                text.append(String.format("\\x%02x", (int) c));
            }
        }
        return text.toString();
    }
}
