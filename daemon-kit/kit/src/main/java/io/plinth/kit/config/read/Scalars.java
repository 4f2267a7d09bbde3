package io.plinth.kit.config.read;

import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Text to values. A type of one's own takes part by a {@code public static T parse(String)} that throws
 * IllegalArgumentException with {@code what: value (expected: rule)}.
 */
public final class Scalars {
    private static final Pattern DURATION = Pattern.compile("(\\d{1,12})\\s*(ms|s|m|h|d)");
    private static final Map<String, Long> MILLIS =
            Map.of("ms", 1L, "s", 1_000L, "m", 60_000L, "h", 3_600_000L, "d", 86_400_000L);

    private Scalars() {}

    public static boolean isScalar(Class<?> type) {
        return type.isPrimitive()
                || type.isEnum()
                || type == String.class
                || type == Boolean.class
                || type == Duration.class
                || type == Path.class
                || Number.class.isAssignableFrom(type)
                || parser(type) != null;
    }

    /** The value of {@code text}; throws IllegalArgumentException saying what was expected. */
    public static Object parse(String text, Class<?> type) {
        if (type == String.class) {
            return text;
        }
        if (type == boolean.class || type == Boolean.class) {
            return switch (text) {
                case "true" -> true;
                case "false" -> false;
                default -> throw new IllegalArgumentException(text + " (expected: true or false)");
            };
        }
        if (type == int.class || type == Integer.class) {
            return (int) whole(text, Integer.MIN_VALUE, Integer.MAX_VALUE);
        }
        if (type == long.class || type == Long.class) {
            return whole(text, Long.MIN_VALUE, Long.MAX_VALUE);
        }
        if (type == double.class || type == Double.class) {
            try {
                return Double.parseDouble(text);
            } catch (NumberFormatException e) {
                throw new IllegalArgumentException(text + " (expected: a number)", e);
            }
        }
        if (type == Duration.class) {
            return duration(text);
        }
        if (type == Path.class) {
            return Path.of(text);
        }
        return type.isEnum() ? constant(text, type) : parsed(text, type);
    }

    /** A value as it would stand in the file. */
    public static String text(Object value) {
        return switch (value) {
            case Duration duration -> durationText(duration);
            case Enum<?> constant -> name(constant);
            default -> value.toString();
        };
    }

    /** What may stand there, for the reference page. */
    public static String describe(Class<?> type) {
        if (type.isEnum()) {
            return String.join(" \\| ", names(type));
        }
        return switch (type.getSimpleName()) {
            case "int", "Integer", "long", "Long" -> "whole number";
            case "double", "Double" -> "number";
            case "boolean", "Boolean" -> "true \\| false";
            case "String" -> "text";
            case "Duration" -> "duration (`2s`)";
            case "DataSize" -> "size (`64MiB`)";
            case "HostPort" -> "address (`host:port`)";
            case "Path" -> "path";
            default ->
                type.getSimpleName().replaceAll("([a-z])([A-Z])", "$1 $2").toLowerCase(Locale.ROOT);
        };
    }

    private static long whole(String text, long min, long max) {
        try {
            long value = Long.parseLong(text);
            if (value >= min && value <= max) {
                return value;
            }
        } catch (NumberFormatException e) {
            throw new IllegalArgumentException(text + " (expected: a whole number without a unit)", e);
        }
        throw new IllegalArgumentException(text + " (expected: " + min + " to " + max + ")");
    }

    private static Duration duration(String text) {
        Matcher matcher = DURATION.matcher(text);
        if (!matcher.matches()) {
            throw new IllegalArgumentException(text + " (expected: a whole number and ms, s, m, h or d, such as 2s)");
        }
        long unit = MILLIS.getOrDefault(matcher.group(2), 0L);
        try {
            return Duration.ofMillis(Math.multiplyExact(Long.parseLong(matcher.group(1)), unit));
        } catch (ArithmeticException e) {
            throw new IllegalArgumentException(text + " (expected: a shorter time)", e);
        }
    }

    private static String durationText(Duration duration) {
        long millis = duration.toMillis();
        for (String unit : List.of("d", "h", "m", "s")) {
            long size = MILLIS.getOrDefault(unit, 1L);
            if (millis != 0 && millis % size == 0) {
                return millis / size + unit;
            }
        }
        return millis + "ms";
    }

    private static Object constant(String text, Class<?> type) {
        for (Object constant : type.getEnumConstants()) {
            if (name((Enum<?>) constant).equals(text)) {
                return constant;
            }
        }
        throw new IllegalArgumentException(text + Nearest.hint(text, names(type)));
    }

    private static List<String> names(Class<?> type) {
        return Arrays.stream(type.getEnumConstants())
                .map(c -> name((Enum<?>) c))
                .toList();
    }

    private static String name(Enum<?> constant) {
        return constant.name().toLowerCase(Locale.ROOT).replace('_', '-');
    }

    private static Object parsed(String text, Class<?> type) {
        Method parser = parser(type);
        if (parser == null) {
            throw new IllegalArgumentException(text + " (expected: " + type.getSimpleName() + ")");
        }
        try {
            return parser.invoke(null, text);
        } catch (InvocationTargetException e) {
            if (e.getCause() instanceof IllegalArgumentException cause) {
                throw cause;
            }
            throw new IllegalStateException("parse - type=" + type + " text=" + text, e);
        } catch (IllegalAccessException e) {
            throw new IllegalStateException("parse is not accessible - type=" + type, e);
        }
    }

    private static @Nullable Method parser(Class<?> type) {
        try {
            Method method = type.getDeclaredMethod("parse", String.class);
            return Modifier.isStatic(method.getModifiers()) && Modifier.isPublic(method.getModifiers()) ? method : null;
        } catch (NoSuchMethodException e) {
            return null;
        }
    }
}
