package io.plinth.kvcache.client;

import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.regex.MatchResult;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** Every difference of Redis 7.2 from the 7.0 that runs beside us, and where that reads past its strings; what is not in this table fails the test. */
enum Accepted {
    DOUBLES(
            "replies with doubles use the fewest digits that name the number",
            "7.2 release notes; redis#10587, #11884") {
        @Override
        boolean accepts(List<String> command, String ours, String theirs) {
            boolean sorted = CommandStream.unordered(command);
            return doubles(ours, sorted).equals(doubles(theirs, sorted));
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
    },
    DELETED_ID(
            "XSETID keeps to the largest id that was deleted, which it looks at first",
            "7.2 release notes; redis#11444") {
        @Override
        boolean accepts(List<String> command, String ours, String theirs) {
            return of(command).equals("XSETID")
                    && ours.equals("-ERR The ID specified in XSETID is smaller than current max_deleted_entry_id\r\n")
                    && (theirs.equals("+OK\r\n")
                            || theirs.startsWith("-ERR The ID specified in XSETID is smaller")
                            || theirs.startsWith("-ERR The entries_added specified in XSETID is smaller"));
        }

        @Override
        boolean parts(String theirs) {
            return theirs.equals("+OK\r\n");
        }
    },
    LAG(
            "a group's lag is what is left in a stream whose deleted entries all lie before what is left and some"
                    + " behind the group",
            "redis#13337, #13338: up to 7.2.4 the deleted ones count, too") {
        @Override
        boolean accepts(List<String> command, String ours, String theirs) {
            Matcher mine = READ_AND_LAG.matcher(ours);
            Matcher others = READ_AND_LAG.matcher(theirs);
            Matcher length = STREAM_LENGTH.matcher(ours);
            String left = length.find() ? length.group(1) : null;
            boolean each = of(command).equals("XINFO");
            while (each && mine.find()) {
                each = others.find() && (mine.group(1).equals(others.group(1)) || whatIsLeft(mine, others, left));
            }
            return each
                    && ACTIVE_TIME.alike(
                            command,
                            READ_AND_LAG.matcher(ours).replaceAll("lag"),
                            READ_AND_LAG.matcher(theirs).replaceAll("lag"));
        }
    },
    ACTIVE_TIME("XINFO tells when a consumer last was given something", "7.2 release notes; redis#11099") {
        @Override
        boolean accepts(List<String> command, String ours, String theirs) {
            String full = FULL_CONSUMER.matcher(ours).replaceAll(found -> older(found, "*10", "*8", "%4"));
            String each = CONSUMER.matcher(full).replaceAll(found -> older(found, "*8", "*6", "%3"));
            return of(command).equals("XINFO") && each.equals(theirs);
        }
    },
    CUT_RUN(
            "a last run that is cut off has no second byte",
            "seen live: of the 21 bytes that GET tells of such a count PFDEBUG DECODE shows other runs than of its"
                    + " COPY, as it reads the byte behind the string, where PFADD left one") {
        @Override
        boolean accepts(List<String> command, String ours, String theirs) {
            return of(command).equals("PFDEBUG")
                    && CUT_RUN_END.matcher(ours).find()
                    && CUT_RUN_END
                            .matcher(ours)
                            .replaceFirst("")
                            .equals(CUT_RUN_END.matcher(theirs).replaceFirst(""));
        }
    },
    CUT_RUN_KEPT(
            "the first byte of a last run that is cut off",
            "seen live: after the same PFADD to such a count and to its COPY, whose bytes were the same, GET tells"
                    + " another last byte, one more or less: how long the rest of the run is, with the byte behind the"
                    + " string") {
        @Override
        boolean accepts(List<String> command, String ours, String theirs) {
            return of(command).equals("GET")
                    && CUT_RUN_LAST.matcher(ours).find()
                    && CUT_RUN_LAST.matcher(theirs).find()
                    && ours.length() == theirs.length()
                    && Math.abs(ours.charAt(ours.length() - 3) - theirs.charAt(ours.length() - 3)) == 1
                    && ours.regionMatches(0, theirs, 0, ours.length() - 3);
        }

        @Override
        boolean parts(String theirs) {
            return true;
        }
    };

    /** A HyperLogLog's bytes up to the first of two bytes that say how many registers are zero. */
    private static final Pattern CUT_RUN_LAST = Pattern.compile("^\\$\\d+\r\nHYLL.*[\\x40-\\x7f]\r\n$", Pattern.DOTALL);

    private static final Pattern STREAM_LENGTH = Pattern.compile("^[*%]\\d+\r\n\\$6\r\nlength\r\n:(\\d+)\r\n");

    /** A group's counts, both known. */
    private static final Pattern READ_AND_LAG =
            Pattern.compile("(?<=\\$12\r\nentries-read\r\n:\\d{1,19}\r\n)\\$3\r\nlag\r\n:(-?\\d+)\r\n");

    private static final Pattern CUT_RUN_END = Pattern.compile("Z:\\d+\r\n$");

    private static final Pattern FULL_CONSUMER = Pattern.compile("(\\*10|%5)(\r\n"
            + "\\$4\r\n"
            + "name\r\n"
            + "\\$\\d+\r\n"
            + "\\w*\r\n"
            + "\\$9\r\n"
            + "seen-time\r\n"
            + ":now\r\n"
            + ")\\$11\r\n"
            + "active-time\r\n"
            + ":\\S+\r\n");
    private static final Pattern CONSUMER = Pattern.compile("(\\*8|%4)(\r\n\\$4\r\nname\r\n\\$\\d+\r\n\\w*\r\n"
            + "\\$7\r\npending\r\n:\\d+\r\n\\$4\r\nidle\r\n:now\r\n)\\$8\r\ninactive\r\n:\\S+\r\n");

    private static final Pattern LENGTH = Pattern.compile("\\$\\d+");

    private static final Pattern PLAIN = Pattern.compile(",?-?\\d+(\\.\\d+)?(e[+-]?\\d+)?");

    private static final Pattern NUMBER = Pattern.compile("(?:\\$\\d+\r\n|,)(-?\\d+(?:\\.\\d+)?(?:e[+-]?\\d+)?)\r\n");

    private final String difference;
    private final String source;

    Accepted(String difference, String source) {
        this.difference = difference;
        this.source = source;
    }

    abstract boolean accepts(List<String> command, String ours, String theirs);

    /** Whether the key holds something else on each server, now that theirs was said. */
    boolean parts(String theirs) {
        return false;
    }

    static @Nullable Accepted that(List<String> command, String ours, String theirs) {
        for (Accepted each : values()) {
            if (each.accepts(command, ours, theirs)) {
                return each;
            }
        }
        return null;
    }

    /** XINFO GROUPS does not say how many entries there are. */
    private static boolean whatIsLeft(Matcher mine, Matcher others, @Nullable String left) {
        // Below 0 where the group was said to have read more than ever was added.
        return left == null
                ? Long.parseLong(mine.group(1)) < Long.parseLong(others.group(1))
                        || others.group(1).startsWith("-")
                : mine.group(1).equals(left);
    }

    private boolean alike(List<String> command, String ours, String theirs) {
        return ours.equals(theirs) || accepts(command, ours, theirs);
    }

    private static String of(List<String> command) {
        return command.getFirst().toUpperCase(Locale.ROOT);
    }

    private static String older(MatchResult found, String array, String shorter, String map) {
        return Matcher.quoteReplacement((found.group(1).equals(array) ? shorter : map) + found.group(2));
    }

    /** The reply with every number that stands alone in one form. */
    private static String doubles(String reply, boolean sorted) {
        if (sorted) {
            return Arrays.stream(reply.split("\r\n", -1))
                    .filter(line -> !LENGTH.matcher(line).matches())
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
