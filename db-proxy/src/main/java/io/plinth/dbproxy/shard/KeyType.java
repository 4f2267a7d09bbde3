package io.plinth.dbproxy.shard;

import java.nio.charset.StandardCharsets;
import java.time.LocalDate;
import java.time.format.DateTimeParseException;
import java.util.HexFormat;
import java.util.Locale;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** What a shard key is, and how its values are read from text, literals and parameters. */
public enum KeyType {
    /** smallint, integer, bigint. */
    BIGINT,
    /** text, varchar. */
    TEXT,
    UUID,
    /** date; its text year-month-day only, which no DateStyle reads otherwise. */
    DATE,
    /** bytea; its text in hexadecimal form only. */
    BYTEA;

    private static final Pattern DAY = Pattern.compile("(?!0000)[0-9]{4}-[0-9]{2}-[0-9]{2}");
    private static final long EPOCH_DAY = LocalDate.of(2000, 1, 1).toEpochDay();
    private static final int UNKNOWN = 705;
    private static final int NUMERIC = 1700;

    /** Whether a column declared so, or a cast to it, has this type. */
    public boolean fits(String columnType) {
        return switch (this) {
            case BIGINT ->
                switch (columnType) {
                    case "smallint", "int2", "integer", "int", "int4", "bigint", "int8" -> true;
                    case "bigserial", "serial", "smallserial", "serial2", "serial4", "serial8" -> true;
                    default -> false;
                };
            case TEXT -> columnType.equals("text") || columnType.equals("varchar");
            case UUID -> columnType.equals("uuid");
            case DATE -> columnType.equals("date");
            case BYTEA -> columnType.equals("bytea");
        };
    }

    /** Whether a value of this declared parameter type compares with the key as the key's own type does. */
    private boolean takes(int type, boolean binary) {
        if (type == 0 || (type == UNKNOWN && !binary)) {
            return true;
        }
        return switch (this) {
            case BIGINT -> type == 20 || type == 21 || type == 23 || (type == NUMERIC && !binary);
            case TEXT -> type == 25 || type == 1043;
            case UUID -> type == 2950;
            case DATE -> type == 1082;
            case BYTEA -> type == 17;
        };
    }

    /** The hash of a value in text form, or null when it is not surely one of this type. */
    public @Nullable Long hash(String text) {
        return switch (this) {
            case BIGINT -> {
                Long value = integer(text.strip());
                yield value == null ? null : (Long) PartitionHash.ofLong(value);
            }
            case TEXT -> PartitionHash.ofBytes(text.getBytes(StandardCharsets.UTF_8));
            case UUID -> {
                byte[] value = uuid(text);
                yield value == null ? null : (Long) PartitionHash.ofBytes(value);
            }
            case DATE -> {
                Long days = days(text.strip());
                yield days == null ? null : (Long) PartitionHash.ofLong(days);
            }
            case BYTEA -> {
                byte[] value = hexadecimal(text);
                yield value == null ? null : (Long) PartitionHash.ofBytes(value);
            }
        };
    }

    /** The hash of a bound parameter of the given type and format, or null when it is not surely of this type. */
    public @Nullable Long hash(byte[] value, int type, boolean binary) {
        if (!takes(type, binary)) {
            return null;
        }
        if (!binary || this == TEXT) {
            return hash(new String(value, StandardCharsets.UTF_8));
        }
        if (this == BYTEA) {
            return PartitionHash.ofBytes(value);
        }
        if (this == DATE && value.length != 4) {
            return null;
        }
        if (this == UUID) {
            return value.length == 16 ? (Long) PartitionHash.ofBytes(value) : null;
        }
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
        return PartitionHash.ofLong(number);
    }

    /** Days since 2000, as PostgreSQL keeps a date. */
    private static @Nullable Long days(String text) {
        if (!DAY.matcher(text).matches()) {
            return null;
        }
        try {
            return LocalDate.parse(text).toEpochDay() - EPOCH_DAY;
        } catch (DateTimeParseException e) {
            return null;
        }
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
