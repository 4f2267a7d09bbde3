package io.plinth.mqbroker.stream;

import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Spans of time as streams write them: a number and a unit, {@code 7D}. */
public final class Ages {
    private static final Pattern AGE = Pattern.compile("(\\d{1,9})([YMDhms])");

    private Ages() {}

    /** Milliseconds, or -1 where the text is none. */
    public static long millis(String text) {
        Matcher age = AGE.matcher(text);
        if (!age.matches()) {
            return -1;
        }
        long seconds = switch (age.group(2)) {
            case "Y" -> 365 * 86_400L;
            case "M" -> 30 * 86_400L;
            case "D" -> 86_400L;
            case "h" -> 3_600L;
            case "m" -> 60L;
            default -> 1L;
        };
        return Long.parseLong(age.group(1)) * seconds * 1000;
    }
}
