package io.plinth.kvcache.client;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;

/** What one connection sent to two servers and what they said: each reply of a transaction is held against the command it answers. */
final class Comparison {
    /** Names of streams and of counts of distinct elements, as {@link CommandStream} has them. */
    private static final Pattern KEY = Pattern.compile("[Xp]\\d");

    private final List<List<String>> queued = new ArrayList<>();
    private final Set<String> apart = new TreeSet<>();
    private final ScanPages pages = new ScanPages();

    /** Keys that hold something else on each server, as {@link Accepted} has it; replies about them are not compared until they are alike. */
    Set<String> apart() {
        return Set.copyOf(apart);
    }

    /** What walks through collections showed of them otherwise, and is to be asked for. */
    ScanPages pages() {
        return pages;
    }

    /** Nothing holds something else any more. */
    void alike() {
        apart.clear();
    }

    /** Whether both said the same, or what {@link Accepted} has. */
    boolean same(List<String> command, String ours, String theirs) {
        if (ours.equals("+QUEUED\r\n") && theirs.equals(ours)) {
            queued.add(command);
            return true;
        }
        String name = command.getFirst().toUpperCase(Locale.ROOT);
        boolean ran = name.equals("EXEC") && ours.startsWith("*");
        boolean same = ran ? transaction(ours, theirs) : one(command, ours, theirs, true);
        if (!ours.startsWith("-") || ours.startsWith("-EXECABORT")) {
            if (name.matches("MULTI|EXEC|DISCARD")) {
                queued.clear();
            }
        }
        return same;
    }

    private boolean transaction(String ours, String theirs) {
        List<String> mine = elements(ours);
        List<String> others = elements(theirs);
        if (mine.size() != queued.size() || others.size() != queued.size()) {
            return ours.equals(theirs);
        }
        boolean same = true;
        for (int i = 0; i < mine.size(); i++) {
            same &= one(queued.get(i), mine.get(i), others.get(i), false);
        }
        return same;
    }

    /** {@code last}: what the servers were given last. */
    private boolean one(List<String> command, String ours, String theirs, boolean last) {
        String mine = shown(command, ours);
        String others = shown(command, theirs);
        if (command.stream().anyMatch(apart::contains)) {
            keysOf(command);
            return true;
        }
        if (mine.equals(others)) {
            return true;
        }
        if (ScanPages.are(command, ours, theirs)) {
            return pages.alike(command, ours, theirs, last);
        }
        Accepted difference = Accepted.that(command, mine, others);
        if (difference != null && difference.parts(others)) {
            keysOf(command);
        }
        return difference != null;
    }

    /** What one of them was copied to holds something else, too. */
    private void keysOf(List<String> command) {
        command.stream().filter(word -> KEY.matcher(word).matches()).forEach(apart::add);
    }

    /** Without what depends on the moment, and in one order where the order is the server's own. */
    private static String shown(List<String> command, String reply) {
        String text = CommandStream.masked(command, reply);
        if (!CommandStream.unordered(command)) {
            return text;
        }
        String[] lines = text.split("\r\n", -1);
        Arrays.sort(lines);
        return String.join("\r\n", lines);
    }

    /** The elements of an array, each with everything nested in it. */
    static List<String> elements(String array) {
        List<String> elements = new ArrayList<>();
        int at = array.indexOf("\r\n") + 2;
        while (at < array.length()) {
            int end = end(array, at);
            elements.add(array.substring(at, end));
            at = end;
        }
        return elements;
    }

    private static int end(String text, int from) {
        int line = text.indexOf("\r\n", from) + 2;
        char type = text.charAt(from);
        if ("$=*~>%".indexOf(type) < 0) {
            return line;
        }
        int length = Integer.parseInt(text, from + 1, line - 2, 10);
        if (type == '$' || type == '=') {
            return length < 0 ? line : line + length + 2;
        }
        int end = line;
        for (int i = type == '%' ? 2 * length : length; i > 0; i--) {
            end = end(text, end);
        }
        return end;
    }
}
