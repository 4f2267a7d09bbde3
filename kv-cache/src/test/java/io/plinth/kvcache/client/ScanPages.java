package io.plinth.kvcache.client;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * Pages that SCAN and its kin gave on two servers and that are not the same bytes: of a hash table the order is each server's own (Redis
 * takes it from a seed that each process has anew), and so is what one page has and the cursor behind it. What all pages come to is not:
 * the servers are asked for the rest.
 */
final class ScanPages {
    private static final Set<String> NAMES = Set.of("SCAN", "SSCAN", "HSCAN", "ZSCAN");
    private static final Set<String> PACKED = Set.of("listpack", "intset");
    private static final String START = "$1\r\n0\r\n";
    private static final int MOST_PAGES = 10_000;

    private final List<Page> pages = new ArrayList<>();

    /** {@code last}: nothing changed since, so that the pages that follow and this one are one walk. */
    private record Page(List<String> command, Part ours, Part theirs, boolean last) {}

    /** What one page has: the cursor behind it, and elements, each with its value or score, in the order they came. */
    private record Part(String cursor, List<String> elements) {
        static Part of(List<String> command, String reply) {
            List<String> both = Comparison.elements(reply);
            List<String> words = Comparison.elements(both.get(1));
            String name = name(command);
            int each = name.equals("HSCAN") || name.equals("ZSCAN") ? 2 : 1;
            List<String> elements = new ArrayList<>();
            for (int i = 0; i + each <= words.size(); i += each) {
                String value = each == 1 ? "" : words.get(i + 1);
                elements.add(words.get(i) + (name.equals("ZSCAN") ? score(value) : value));
            }
            if (words.size() % each != 0) {
                elements.add("(no value) " + words.getLast());
            }
            return new Part(both.getFirst(), elements);
        }

        /** The number alone: 7.2 shows doubles in another form. */
        private static String score(String bulk) {
            String text = bulk.substring(bulk.indexOf("\r\n") + 2, bulk.length() - 2);
            return Double.toString(
                    Double.parseDouble(text.replace("inf", "Infinity").replace("nan", "NaN")));
        }

        boolean over() {
            return cursor.equals(START);
        }

        List<String> sorted() {
            return elements.stream().sorted().toList();
        }
    }

    private static String name(List<String> command) {
        return command.getFirst().toUpperCase(Locale.ROOT);
    }

    /** Whether a command walks a collection, so that what it answers can only be looked at while nothing changes. */
    static boolean asks(List<String> command) {
        return NAMES.contains(name(command));
    }

    /** Whether both answered such a command with a page. */
    static boolean are(List<String> command, String ours, String theirs) {
        return asks(command) && ours.startsWith("*2\r\n$") && theirs.startsWith("*2\r\n$");
    }

    /** Where the command has its cursor. */
    private static int cursorAt(List<String> command) {
        return name(command).equals("SCAN") ? 1 : 2;
    }

    /** Whether two pages may come from the same elements; what else is to be asked is kept for {@link #wrong}. {@code last}: the servers are given no other command before that. */
    boolean alike(List<String> command, String ours, String theirs, boolean last) {
        Page page = new Page(command, Part.of(command, ours), Part.of(command, theirs), last);
        boolean whole = page.ours.over()
                && page.theirs.over()
                && command.get(cursorAt(command)).equals("0");
        if (whole && !page.ours.sorted().equals(page.theirs.sorted())) {
            return false;
        }
        pages.add(page);
        return true;
    }

    /** Asks both servers for the rest of what was kept, and forgets it; answers what is wrong, or null. */
    @Nullable
    String wrong(RawClient ours, RawClient theirs) throws IOException {
        String wrong = null;
        for (Page page : pages) {
            if (wrong == null) {
                wrong = wrong(page, ours, theirs);
            }
        }
        pages.clear();
        return wrong;
    }

    private static @Nullable String wrong(Page page, RawClient ours, RawClient theirs) throws IOException {
        List<String> command = page.command;
        boolean fromStart = command.get(cursorAt(command)).equals("0");
        if (page.last && !name(command).equals("SCAN") && !page.ours.elements.equals(page.theirs.elements)) {
            String encoding = theirs.call("OBJECT", "ENCODING", command.get(1));
            if (PACKED.stream().anyMatch(encoding::contains)) {
                return command + ": not in the order of a packed collection: " + page.ours + " (expected: "
                        + page.theirs + ")";
            }
        }
        Part begin = new Part(START, List.of());
        Set<String> mine = rest(command, page.last && fromStart ? page.ours : begin, ours);
        Set<String> others = rest(command, page.last && fromStart ? page.theirs : begin, theirs);
        return mine.equals(others) ? null : command + ": all pages have " + mine + " (expected: " + others + ")";
    }

    /** The elements of a page and of all that follow; from the start where the page has none. */
    private static Set<String> rest(List<String> command, Part first, RawClient server) throws IOException {
        Set<String> all = new TreeSet<>(first.elements);
        Part part = first;
        List<String> next = new ArrayList<>(command);
        boolean begins = first.elements.isEmpty() && first.over();
        for (int i = 0; begins || !part.over(); i++) {
            begins = false;
            String cursor = part.cursor;
            next.set(cursorAt(command), cursor.substring(cursor.indexOf("\r\n") + 2, cursor.length() - 2));
            String reply = server.call(next.toArray(String[]::new));
            if (reply.startsWith("-")) {
                // Behind the page a transaction put something else there.
                return Set.of(reply);
            }
            part = Part.of(command, reply);
            all.addAll(part.elements);
            if (i > MOST_PAGES) {
                return Set.of("no end after " + i + " pages");
            }
        }
        return all;
    }
}
