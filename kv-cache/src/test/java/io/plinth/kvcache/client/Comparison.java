package io.plinth.kvcache.client;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;

/** What one connection sent to two servers and what they said: each reply of a transaction is held against the command it answers. */
final class Comparison {
    private final List<List<String>> queued = new ArrayList<>();

    /** Whether both said the same, or what {@link Accepted} has. */
    boolean same(List<String> command, String ours, String theirs) {
        if (ours.equals("+QUEUED\r\n") && theirs.equals(ours)) {
            queued.add(command);
            return true;
        }
        String name = command.getFirst().toUpperCase(Locale.ROOT);
        boolean ran = name.equals("EXEC") && ours.startsWith("*");
        boolean same = ran ? transaction(ours, theirs) : one(command, ours, theirs);
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
            same &= one(queued.get(i), mine.get(i), others.get(i));
        }
        return same;
    }

    private static boolean one(List<String> command, String ours, String theirs) {
        String mine = shown(command, ours);
        String others = shown(command, theirs);
        return mine.equals(others) || Accepted.any(command, mine, others);
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
