package io.plinth.geodns.gdnsd;

import java.util.ArrayList;
import java.util.List;

/** Cuts a zone file into its entries without losing a character of it: blanks, comments and all. Stateless. */
final class ZoneEntries {
    private ZoneEntries() {}

    /** A word and where it stands in the file. */
    record Word(String text, boolean quoted, int from, int to) {}

    /**
     * One entry, over as many lines as its parentheses make it.
     *
     * @param owned whether it begins with its owner rather than with a blank
     */
    record Entry(int line, boolean owned, int from, int to, List<Word> words) {}

    static List<Entry> of(String text) {
        List<Entry> entries = new ArrayList<>();
        List<Word> words = new ArrayList<>();
        int from = 0;
        int line = 1;
        int lines = 0;
        int depth = 0;
        int at = 0;
        while (at < text.length()) {
            char c = text.charAt(at);
            if (c == '\n') {
                lines++;
                at++;
                if (depth == 0) {
                    entries.add(entry(line, from, at, words));
                    words = new ArrayList<>();
                    from = at;
                    line += lines;
                    lines = 0;
                }
            } else if (c == ';') {
                int end = text.indexOf('\n', at);
                at = end < 0 ? text.length() : end;
            } else if (c == '(' || c == ')') {
                depth = Math.max(0, depth + (c == '(' ? 1 : -1));
                at++;
            } else if (c <= ' ') {
                at++;
            } else {
                int end = c == '"' ? quoted(text, at) : plain(text, at);
                words.add(new Word(text.substring(at, end), c == '"', at, end));
                at = end;
            }
        }
        if (from < text.length()) {
            entries.add(entry(line, from, text.length(), words));
        }
        return entries;
    }

    private static Entry entry(int line, int from, int to, List<Word> words) {
        return new Entry(line, !words.isEmpty() && words.getFirst().from() == from, from, to, List.copyOf(words));
    }

    private static int quoted(String text, int from) {
        int at = from + 1;
        while (at < text.length() && text.charAt(at) != '"') {
            at += text.charAt(at) == '\\' ? 2 : 1;
        }
        return Math.min(text.length(), at + 1);
    }

    private static int plain(String text, int from) {
        int at = from;
        while (at < text.length() && text.charAt(at) > ' ' && ";()\"".indexOf(text.charAt(at)) < 0) {
            at += text.charAt(at) == '\\' ? 2 : 1;
        }
        return Math.min(text.length(), at);
    }
}
