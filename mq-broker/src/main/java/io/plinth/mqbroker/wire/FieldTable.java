package io.plinth.mqbroker.wire;

import java.math.BigDecimal;
import java.util.Arrays;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * An immutable field table. Values are: Boolean, Byte (b), Short (s), Integer (I), Long (l), {@link Unsigned} (B, u, i), Float, Double,
 * BigDecimal (D), String (S), {@link Octets} (x, or an S that is not UTF-8), {@link Timestamp} (T), FieldTable (F), List (A), or null (V).
 */
public record FieldTable(Map<String, @Nullable Object> entries) {
    public static final FieldTable EMPTY = new FieldTable(Map.of());

    public FieldTable {
        entries = Collections.unmodifiableMap(new LinkedHashMap<>(entries));
    }

    /** An unsigned integer of the given wire tag: {@code B}, {@code u} or {@code i}. */
    public record Unsigned(char tag, long value) {}

    /** Seconds since the epoch. */
    public record Timestamp(long seconds) {}

    /** Octets of wire tag {@code x}, or of a long string ({@code S}) that is not UTF-8. */
    public record Octets(char tag, byte[] bytes) {
        @Override
        public boolean equals(@Nullable Object other) {
            return other instanceof Octets o && o.tag == tag && Arrays.equals(o.bytes, bytes);
        }

        @Override
        public int hashCode() {
            return Arrays.hashCode(bytes);
        }

        @Override
        public String toString() {
            return bytes.length + " octets";
        }
    }

    public @Nullable Object get(String key) {
        return entries.get(key);
    }

    public boolean has(String key) {
        return entries.containsKey(key);
    }

    public boolean isEmpty() {
        return entries.isEmpty();
    }

    /** The value as a string, or null where it is absent or of another type. */
    public @Nullable String string(String key) {
        return entries.get(key) instanceof String s ? s : null;
    }

    /** Whether the key is present and true. */
    public boolean isTrue(String key) {
        return Boolean.TRUE.equals(entries.get(key));
    }

    /** A copy with one entry set, at the end where it is new. */
    public FieldTable with(String key, @Nullable Object value) {
        Map<String, @Nullable Object> copy = new LinkedHashMap<>(entries);
        copy.put(key, value);
        return new FieldTable(copy);
    }

    /** A copy without the named entry. */
    public FieldTable without(String key) {
        Map<String, @Nullable Object> copy = new LinkedHashMap<>(entries);
        copy.remove(key);
        return new FieldTable(copy);
    }

    /** Values are compared as RabbitMQ does: whole numbers by value whatever their width, everything else by type and value. */
    public static boolean same(@Nullable Object a, @Nullable Object b) {
        Long x = integer(a);
        Long y = integer(b);
        if (x != null || y != null) {
            return x != null && x.equals(y);
        }
        if (a instanceof BigDecimal d && b instanceof BigDecimal e) {
            return d.compareTo(e) == 0;
        }
        if (a instanceof List<?> l && b instanceof List<?> m) {
            if (l.size() != m.size()) {
                return false;
            }
            for (int i = 0; i < l.size(); i++) {
                if (!same(l.get(i), m.get(i))) {
                    return false;
                }
            }
            return true;
        }
        if (a instanceof FieldTable t && b instanceof FieldTable u) {
            return t.entries.keySet().equals(u.entries.keySet())
                    && t.entries.keySet().stream().allMatch(key -> same(t.get(key), u.get(key)));
        }
        return a == null ? b == null : a.equals(b);
    }

    /** What RabbitMQ calls the type of a value. */
    public static String typeName(@Nullable Object value) {
        return switch (value) {
            case null -> "void";
            case Boolean v -> "bool";
            case Byte v -> "byte";
            case Short v -> "short";
            case Integer v -> "signedint";
            case Long v -> "long";
            case Unsigned v -> v.tag() == 'B' ? "unsignedbyte" : v.tag() == 'u' ? "unsignedshort" : "unsignedint";
            case Float v -> "float";
            case Double v -> "double";
            case BigDecimal v -> "decimal";
            case Timestamp v -> "timestamp";
            case String v -> "longstr";
            case FieldTable v -> "table";
            case List<?> v -> "array";
            default -> "binary";
        };
    }

    /** The whole number a value is, or null. */
    public static @Nullable Long integer(@Nullable Object value) {
        return switch (value) {
            case Byte n -> n.longValue();
            case Short n -> n.longValue();
            case Integer n -> n.longValue();
            case Long n -> n;
            case Unsigned n -> n.value();
            case null, default -> null;
        };
    }
}
