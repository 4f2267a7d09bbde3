package io.plinth.kvcache.client;

import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Every difference of Redis 7.2 from the 7.0 that runs beside us; what is not in this table fails the test. */
enum Accepted {
    DOUBLES(
            "replies with doubles use the fewest digits that name the number",
            "7.2 release notes; redis#10587, #11884") {
        @Override
        boolean accepts(List<String> command, String ours, String theirs) {
            boolean exec = CommandStream.unordered(command);
            return doubles(ours, exec).equals(doubles(theirs, exec));
        }
    },
    LIST_ENCODING("a list of one node is a listpack", "7.2 release notes; redis#11303") {
        @Override
        boolean accepts(List<String> command, String ours, String theirs) {
            return of(command).equals("OBJECT") && ours.contains("listpack") && theirs.contains("quicklist");
        }
    },
    SET_ENCODING("a small set of strings is a listpack", "7.2 release notes; redis#11290") {
        @Override
        boolean accepts(List<String> command, String ours, String theirs) {
            return of(command).equals("OBJECT") && ours.contains("listpack") && theirs.contains("hashtable");
        }
    },
    BIT_ARGUMENTS("BITCOUNT and BITPOS read their arguments though there is no key", "7.2 release notes; redis#11734") {
        @Override
        boolean accepts(List<String> command, String ours, String theirs) {
            return of(command).matches("BITCOUNT|BITPOS") && ours.startsWith("-") && theirs.matches(":(0|-1)\r\n");
        }
    },
    RANK_SCORE("ZRANK and ZREVRANK take WITHSCORE", "7.2 release notes; redis#11235") {
        @Override
        boolean accepts(List<String> command, String ours, String theirs) {
            return of(command).matches("ZREV?RANK") && command.size() > 3;
        }
    };

    /** What EXEC answers is sorted line by line: encodings stand alone there. */
    private static final Pattern ENCODING = Pattern.compile("(\\$\\d+|listpack|quicklist|hashtable)");

    private static final Pattern PLAIN = Pattern.compile(",?-?\\d+(\\.\\d+)?(e[+-]?\\d+)?");

    private static final Pattern NUMBER = Pattern.compile("(?:\\$\\d+\r\n|,)(-?\\d+(?:\\.\\d+)?(?:e[+-]?\\d+)?)\r\n");

    private final String difference;
    private final String source;

    Accepted(String difference, String source) {
        this.difference = difference;
        this.source = source;
    }

    abstract boolean accepts(List<String> command, String ours, String theirs);

    static boolean any(List<String> command, String ours, String theirs) {
        for (Accepted each : values()) {
            if (each.accepts(command, ours, theirs)) {
                return true;
            }
        }
        return false;
    }

    private static String of(List<String> command) {
        return command.getFirst().toUpperCase(Locale.ROOT);
    }

    /** The reply with every number that stands alone in one form. */
    private static String doubles(String reply, boolean exec) {
        if (exec) {
            return Arrays.stream(reply.split("\r\n", -1))
                    .filter(line -> !ENCODING.matcher(line).matches())
                    .map(line -> PLAIN.matcher(line).matches()
                            ? "<" + Double.parseDouble(line.replace(",", "")) + ">"
                            : line)
                    .sorted()
                    .toList()
                    .toString();
        }
        Matcher matcher = NUMBER.matcher(reply);
        StringBuilder into = new StringBuilder();
        while (matcher.find()) {
            matcher.appendReplacement(into, "<" + Double.parseDouble(matcher.group(1)) + ">");
        }
        return matcher.appendTail(into).toString();
    }

    @Override
    public String toString() {
        return difference + " (" + source + ")";
    }
}
