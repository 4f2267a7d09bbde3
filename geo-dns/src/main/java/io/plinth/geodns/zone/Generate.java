package io.plinth.geodns.zone;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.function.Consumer;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** {@code $GENERATE start-stop[/step] lhs [ttl] [class] type rhs}, as BIND has it: one entry for each number. Stateless. */
final class Generate {
    private static final Pattern RANGE = Pattern.compile("(\\d{1,9})-(\\d{1,9})(?:/(\\d{1,9}))?");
    private static final Pattern PLACE =
            Pattern.compile("\\\\.|\\$(?:\\{(-?\\d{1,9})(?:,(\\d{1,3})(?:,([doxXnN]))?)?\\})?");
    private static final int WIDEST = 255;

    private Generate() {}

    /** Gives the entries that a directive stands for. */
    static void expand(ZoneLexer.Entry entry, int limit, Consumer<ZoneLexer.Entry> into) {
        List<ZoneLexer.Token> tokens = entry.tokens();
        if (tokens.size() < 5) {
            throw bad("too short");
        }
        Matcher range = RANGE.matcher(tokens.get(1).text());
        if (!range.matches()) {
            throw bad(tokens.get(1).text());
        }
        long start = Long.parseLong(range.group(1));
        long stop = Long.parseLong(range.group(2));
        long step = range.group(3) == null ? 1 : Long.parseLong(range.group(3));
        if (step == 0 || stop < start || (stop - start) / step >= limit) {
            throw new IllegalArgumentException("$GENERATE: " + tokens.get(1).text()
                    + " (expected: a rising range of at most limits.records, " + limit + ")");
        }
        for (long number = start; number <= stop; number += step) {
            List<ZoneLexer.Token> made = new ArrayList<>(tokens.size() - 2);
            for (ZoneLexer.Token token : tokens.subList(2, tokens.size())) {
                made.add(new ZoneLexer.Token(fill(token.text(), number), token.quoted(), token.line()));
            }
            into.accept(new ZoneLexer.Entry(entry.line(), false, made));
        }
    }

    private static IllegalArgumentException bad(String what) {
        return new IllegalArgumentException(
                "$GENERATE: " + what + " (expected: $GENERATE 1-9[/1] host-$ [TTL] [IN] TYPE DATA)");
    }

    private static String fill(String text, long number) {
        Matcher places = PLACE.matcher(text);
        StringBuilder out = new StringBuilder();
        while (places.find()) {
            String found = places.group();
            places.appendReplacement(
                    out,
                    Matcher.quoteReplacement(
                            found.equals("\\$") ? "$" : found.charAt(0) == '\\' ? found : number(places, number)));
        }
        return places.appendTail(out).toString();
    }

    private static String number(Matcher place, long number) {
        if (place.group(1) == null) {
            return String.valueOf(number);
        }
        long value = number + Long.parseLong(place.group(1));
        int width = place.group(2) == null ? 0 : Integer.parseInt(place.group(2));
        String base = place.group(3) == null ? "d" : place.group(3);
        if (value < 0 || width > WIDEST) {
            throw bad(place.group());
        }
        String digits = switch (base) {
            case "o" -> Long.toOctalString(value);
            case "x", "n" -> Long.toHexString(value);
            case "X", "N" -> Long.toHexString(value).toUpperCase(Locale.ROOT);
            default -> String.valueOf(value);
        };
        boolean nibbles = base.equalsIgnoreCase("n");
        // Of nibbles the width counts the dots too.
        int wanted = nibbles ? (width + 1) / 2 : width;
        String padded = "0".repeat(Math.max(0, wanted - digits.length())) + digits;
        return nibbles
                ? String.join(
                                ".",
                                new StringBuilder(padded).reverse().toString().split("", -1))
                        .replaceAll("^\\.|\\.$", "")
                : padded;
    }
}
