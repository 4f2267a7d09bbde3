package io.plinth.dbproxy.shard;

import java.time.DateTimeException;
import java.time.LocalDate;
import java.time.LocalDateTime;
import java.time.ZoneOffset;
import java.time.format.DateTimeParseException;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** Days and microseconds since 2000, as PostgreSQL keeps dates and timestamps, from texts that mean one thing only. Stateless. */
final class Moments {
    private static final Pattern DAY = Pattern.compile("(?!0000)[0-9]{4}-[0-9]{2}-[0-9]{2}");
    private static final Pattern MOMENT =
            Pattern.compile("((?!0000)[0-9]{4}-[0-9]{2}-[0-9]{2})(?:[ T]([0-9]{2}):([0-9]{2})(?::([0-9]{2})"
                    + "(?:\\.([0-9]{1,6}))?)?)?(?: ?(Z|[+-][0-9]{2}(?::?[0-9]{2}(?::[0-9]{2})?)?))?");
    private static final LocalDate EPOCH = LocalDate.of(2000, 1, 1);
    private static final long EPOCH_DAY = EPOCH.toEpochDay();
    private static final long SECOND = 1_000_000;
    private static final long DAY_MICROS = 86_400 * SECOND;

    private Moments() {}

    static @Nullable Long days(String text) {
        if (!DAY.matcher(text).matches()) {
            return null;
        }
        try {
            return LocalDate.parse(text).toEpochDay() - EPOCH_DAY;
        } catch (DateTimeParseException e) {
            return null;
        }
    }

    /** {@code zoned}: an offset must be there and counts; otherwise one that is there does not, as for PostgreSQL. */
    static @Nullable Long micros(String text, boolean zoned) {
        if (text.equals("infinity")) {
            return Long.MAX_VALUE;
        }
        if (text.equals("-infinity")) {
            return Long.MIN_VALUE;
        }
        Matcher m = MOMENT.matcher(text);
        if (!m.matches() || (m.group(2) == null && m.group(6) != null) || (zoned && m.group(6) == null)) {
            return null;
        }
        Long days = days(m.group(1));
        int hour = part(m.group(2));
        int minute = part(m.group(3));
        int second = part(m.group(4));
        if (days == null || hour > 23 || minute > 59 || second > 59) {
            return null;
        }
        String fraction = m.group(5) == null ? "0" : m.group(5);
        long micros = days * DAY_MICROS
                + (hour * 3600L + minute * 60L + second) * SECOND
                + Long.parseLong((fraction + "000000").substring(0, 6));
        try {
            return zoned ? micros - offset(m.group(6)) : micros;
        } catch (DateTimeException e) {
            return null;
        }
    }

    private static long offset(String text) {
        return ZoneOffset.of(text.length() == 5 ? text.substring(0, 3) + ":" + text.substring(3) : text)
                        .getTotalSeconds()
                * SECOND;
    }

    private static int part(@Nullable String digits) {
        return digits == null ? 0 : Integer.parseInt(digits);
    }

    static String day(long days) {
        return EPOCH.plusDays(days).toString();
    }

    static String text(long micros) {
        if (micros == Long.MAX_VALUE || micros == Long.MIN_VALUE) {
            return micros > 0 ? "infinity" : "-infinity";
        }
        LocalDateTime at = EPOCH.atStartOfDay()
                .plusSeconds(Math.floorDiv(micros, SECOND))
                .plusNanos(Math.floorMod(micros, SECOND) * 1000);
        return at.toString();
    }
}
