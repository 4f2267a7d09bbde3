package io.plinth.dbproxy.shard;

import java.math.BigDecimal;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * What a column of a shard key is, and how its values are read from text, literals and parameters. A value is the same
 * object, by {@link #compare}, whatever its spelling: a Long, String, BigDecimal or byte array.
 */
public enum KeyType {
    /** smallint, integer, bigint. */
    BIGINT,
    /** text, varchar. */
    TEXT,
    UUID,
    /** date; its text year-month-day only, which no DateStyle reads otherwise. */
    DATE,
    /** bytea; its text in hexadecimal form only. */
    BYTEA,
    /** timestamp; its text in ISO 8601 only. */
    TIMESTAMP,
    /** timestamp with time zone; its text in ISO 8601 with an offset only, as any other depends on the session. */
    TIMESTAMPTZ,
    /** numeric without a precision, which would round what is stored. */
    NUMERIC,
    /** character(n): blanks at the end do not count. */
    CHARACTER;

    private static final int UNKNOWN = 705;
    private static final int NUMERIC_TYPE = 1700;

    /** Whether a column declared so, or a cast to it, has this type. */
    public boolean fits(String columnType) {
        return switch (this) {
            case BIGINT ->
                switch (columnType) {
                    case "smallint", "int2", "integer", "int", "int4", "bigint", "int8" -> true;
                    case "bigserial", "serial", "smallserial", "serial2", "serial4", "serial8" -> true;
                    default -> false;
                };
            case TEXT ->
                columnType.equals("text") || columnType.equals("varchar") || columnType.equals("character varying");
            case UUID -> columnType.equals("uuid");
            case DATE -> columnType.equals("date");
            case BYTEA -> columnType.equals("bytea");
            case TIMESTAMP -> columnType.equals("timestamp") || columnType.equals("timestamp without time zone");
            case TIMESTAMPTZ -> columnType.equals("timestamptz") || columnType.equals("timestamp with time zone");
            case NUMERIC -> columnType.equals("numeric") || columnType.equals("decimal");
            case CHARACTER ->
                columnType.equals("character") || columnType.equals("char") || columnType.equals("bpchar");
        };
    }

    /** Whether a column's precision changes what is stored of a value, so that the value given does not tell its place. */
    public boolean rounded() {
        return this == NUMERIC || this == TIMESTAMP || this == TIMESTAMPTZ;
    }

    /** Whether a column with a length may store less than this value: varchar(n) cuts off blanks beyond it. */
    public boolean mayBeCut(Object value) {
        return this == TEXT && ((String) value).endsWith(" ");
    }

    /** Whether a value of this declared parameter type compares with the key as the key's own type does. */
    private boolean takes(int type, boolean binary) {
        if (type == 0 || (type == UNKNOWN && !binary)) {
            return true;
        }
        return switch (this) {
            case BIGINT -> type == 20 || type == 21 || type == 23 || (type == NUMERIC_TYPE && !binary);
            case TEXT -> type == 25 || type == 1043;
            case UUID -> type == 2950;
            case DATE -> type == 1082;
            case BYTEA -> type == 17;
            case TIMESTAMP -> type == 1114;
            case TIMESTAMPTZ -> type == 1184;
            case NUMERIC -> type == NUMERIC_TYPE || type == 20 || type == 21 || type == 23;
            case CHARACTER -> type == 1042 || type == 25 || type == 1043;
        };
    }

    /** The type of an array's elements by the array's declared type; 0 for one that is not known here. */
    public static int elementType(int array) {
        return switch (array) {
            case 1005 -> 21;
            case 1007 -> 23;
            case 1016 -> 20;
            case 1009 -> 25;
            case 1015 -> 1043;
            case 1014 -> 1042;
            case 2951 -> 2950;
            case 1182 -> 1082;
            case 1001 -> 17;
            case 1115 -> 1114;
            case 1185 -> 1184;
            case 1231 -> NUMERIC_TYPE;
            default -> 0;
        };
    }

    /** The value in text form, or null when it is not surely one of this type. */
    public @Nullable Object value(String text) {
        return switch (this) {
            case BIGINT -> integer(text.strip());
            case TEXT -> text;
            case UUID -> uuid(text);
            case DATE -> Moments.days(text.strip());
            case BYTEA -> hexadecimal(text);
            case TIMESTAMP -> Moments.micros(text.strip(), false);
            case TIMESTAMPTZ -> Moments.micros(text.strip(), true);
            case NUMERIC -> Decimals.read(text.strip());
            case CHARACTER -> blanksOff(text);
        };
    }

    /** A bound parameter of the given type and format, or null when it is not surely of this type. */
    public @Nullable Object value(byte[] value, int type, boolean binary) {
        if (!takes(type, binary)) {
            return null;
        }
        if (!binary || this == TEXT || this == CHARACTER) {
            return value(new String(value, StandardCharsets.UTF_8));
        }
        return switch (this) {
            case BYTEA -> value;
            case UUID -> value.length == 16 ? value : null;
            case DATE -> value.length == 4 ? number(value) : null;
            case TIMESTAMP, TIMESTAMPTZ -> value.length == 8 ? number(value) : null;
            case NUMERIC -> {
                Long whole = type == 0 || type == NUMERIC_TYPE ? null : whole(value, type);
                yield whole == null ? Decimals.read(value) : Decimals.normal(BigDecimal.valueOf(whole));
            }
            default -> whole(value, type);
        };
    }

    private static @Nullable Object number(byte[] value) {
        return value.length == 4
                ? (Object) (long) ByteBuffer.wrap(value).getInt()
                : ByteBuffer.wrap(value).getLong();
    }

    private static @Nullable Long whole(byte[] value, int type) {
        boolean fits = switch (type) {
            case 20 -> value.length == 8;
            case 21 -> value.length == 2;
            case 23 -> value.length == 4;
            default -> value.length == 2 || value.length == 4 || value.length == 8;
        };
        if (!fits) {
            return null;
        }
        long number = value[0];
        for (int i = 1; i < value.length; i++) {
            number = number << 8 | (value[i] & 0xff);
        }
        return number;
    }

    /** PostgreSQL's extended hash of the value, with the seed of hash partitions. */
    long extendedHash(Object value) {
        return switch (this) {
            case BIGINT, DATE, TIMESTAMP, TIMESTAMPTZ -> PartitionHash.extended((Long) value);
            case TEXT, CHARACTER -> PartitionHash.extended(((String) value).getBytes(StandardCharsets.UTF_8));
            case UUID, BYTEA -> PartitionHash.extended((byte[]) value);
            case NUMERIC -> Decimals.extendedHash((BigDecimal) value);
        };
    }

    /** The hash of a key of this one column, by its value in text form; null when that is not surely of this type. */
    public @Nullable Long hash(String text) {
        Object value = value(text);
        return value == null ? null : (Long) PartitionHash.combine(0, extendedHash(value));
    }

    /** The hash of a key of this one column, by a bound parameter. */
    public @Nullable Long hash(byte[] bound, int type, boolean binary) {
        Object value = value(bound, type, binary);
        return value == null ? null : (Long) PartitionHash.combine(0, extendedHash(value));
    }

    /** The order of two values of this type; text by its bytes. */
    public int compare(Object a, Object b) {
        return switch (this) {
            case BIGINT, DATE, TIMESTAMP, TIMESTAMPTZ -> Long.compare((Long) a, (Long) b);
            case TEXT, CHARACTER ->
                Arrays.compareUnsigned(
                        ((String) a).getBytes(StandardCharsets.UTF_8), ((String) b).getBytes(StandardCharsets.UTF_8));
            case UUID, BYTEA -> Arrays.compareUnsigned((byte[]) a, (byte[]) b);
            case NUMERIC -> ((BigDecimal) a).compareTo((BigDecimal) b);
        };
    }

    /** The same text for equal values, and only for them. */
    public String text(Object value) {
        return switch (this) {
            case BIGINT, TEXT, CHARACTER -> value.toString();
            case DATE -> Moments.day((Long) value);
            case TIMESTAMP -> Moments.text((Long) value);
            case TIMESTAMPTZ -> Moments.text((Long) value) + "Z";
            case UUID -> {
                ByteBuffer in = ByteBuffer.wrap((byte[]) value);
                yield new java.util.UUID(in.getLong(), in.getLong()).toString();
            }
            case BYTEA -> "\\x" + HexFormat.of().formatHex((byte[]) value);
            case NUMERIC -> ((BigDecimal) value).toPlainString();
        };
    }

    private static String blanksOff(String text) {
        int length = text.length();
        while (length > 0 && text.charAt(length - 1) == ' ') {
            length--;
        }
        return text.substring(0, length);
    }

    private static byte @Nullable [] hexadecimal(String text) {
        try {
            return text.startsWith("\\x") ? HexFormat.of().parseHex(text, 2, text.length()) : null;
        } catch (IllegalArgumentException e) {
            return null;
        }
    }

    private static @Nullable Long integer(String text) {
        int digits = text.startsWith("-") || text.startsWith("+") ? 1 : 0;
        if (digits == text.length()) {
            return null;
        }
        for (int i = digits; i < text.length(); i++) {
            if (text.charAt(i) < '0' || text.charAt(i) > '9') {
                return null;
            }
        }
        try {
            return Long.parseLong(text);
        } catch (NumberFormatException e) {
            return null;
        }
    }

    /** Braces around and hyphens between groups of four digits may be there or not (utils/adt/uuid.c); more is refused. */
    private static byte @Nullable [] uuid(String text) {
        String digits = text;
        if (digits.startsWith("{") && digits.endsWith("}")) {
            digits = digits.substring(1, digits.length() - 1);
        }
        digits = digits.replace("-", "").toLowerCase(Locale.ROOT);
        if (digits.length() != 32) {
            return null;
        }
        byte[] value = new byte[16];
        for (int i = 0; i < 16; i++) {
            int high = Character.digit(digits.charAt(2 * i), 16);
            int low = Character.digit(digits.charAt(2 * i + 1), 16);
            if (high < 0 || low < 0) {
                return null;
            }
            value[i] = (byte) (high << 4 | low);
        }
        return value;
    }
}
