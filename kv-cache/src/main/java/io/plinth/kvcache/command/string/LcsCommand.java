package io.plinth.kvcache.command.string;

import io.plinth.kvcache.command.Call;
import io.plinth.kvcache.command.CommandException;
import io.plinth.kvcache.command.CommandTable;
import io.plinth.kvcache.keyspace.Entry;
import io.plinth.kvcache.keyspace.KeyRef;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** LCS: the longest common subsequence of two strings. */
public final class LcsCommand {
    /** What a row takes beside its numbers, and the string's byte it is of. */
    private static final int ROW = 24;

    private LcsCommand() {}

    private record Match(int from, int to, int otherFrom, int otherTo) {}

    /** Adds it. */
    public static void register(CommandTable.Builder to) {
        to.add("lcs", "Finds the longest common subsequence.", LcsCommand::run);
    }

    private static @Nullable Entry string(Call call, int arg) {
        KeyRef key = call.key(arg);
        Entry entry = call.segment(key).read(key, call.now());
        if (entry != null && !entry.isString()) {
            throw new CommandException("ERR The specified keys must contain string values");
        }
        return entry;
    }

    private static byte[] bytes(@Nullable Entry entry) {
        return entry == null ? new byte[0] : entry.string();
    }

    private static void run(Call call) {
        Entry first = string(call, 1);
        Entry second = string(call, 2);
        boolean length = false;
        boolean indexes = false;
        boolean lengths = false;
        long least = 0;
        for (int i = 3; i < call.count(); i++) {
            if (call.args().is(i, "IDX")) {
                indexes = true;
            } else if (call.args().is(i, "LEN")) {
                length = true;
            } else if (call.args().is(i, "WITHMATCHLEN")) {
                lengths = true;
            } else if (call.args().is(i, "MINMATCHLEN") && i + 1 < call.count()) {
                least = Math.max(0, call.integer(++i));
            } else {
                throw CommandException.syntax();
            }
        }
        if (indexes && length) {
            throw new CommandException("ERR If you want both the length and indexes, please just use IDX.");
        }
        long rows = first == null ? 1 : first.length() + 1L;
        long columns = second == null ? 1 : second.length() + 1L;
        if (rows * columns * Integer.BYTES > call.node().limits().maxBulk()) {
            throw new CommandException("ERR Insufficient memory, transient memory for LCS exceeds proto-max-bulk-len");
        }
        long taken = rows * columns * Integer.BYTES + rows * ROW + columns;
        if (!call.node().memory().take(taken)) {
            throw new CommandException("ERR Insufficient memory, failed allocating transient memory for LCS");
        }
        try {
            answer(call, bytes(first), bytes(second), new Wanted(length, indexes, lengths, least));
        } finally {
            call.node().memory().give(taken);
        }
    }

    private record Wanted(boolean length, boolean indexes, boolean lengths, long least) {}

    private static void answer(Call call, byte[] a, byte[] b, Wanted wanted) {
        int[][] table = table(a, b);
        int found = table[a.length][b.length];
        byte[] common = new byte[found];
        List<Match> matches = walk(a, b, table, common, wanted.least);
        if (wanted.length) {
            call.out().integer(found);
        } else if (wanted.indexes) {
            write(call, matches, found, wanted.lengths);
        } else {
            call.out().bulk(common);
        }
    }

    private static int[][] table(byte[] a, byte[] b) {
        int[][] table = new int[a.length + 1][b.length + 1];
        for (int i = 1; i <= a.length; i++) {
            for (int j = 1; j <= b.length; j++) {
                table[i][j] =
                        a[i - 1] == b[j - 1] ? table[i - 1][j - 1] + 1 : Math.max(table[i - 1][j], table[i][j - 1]);
            }
        }
        return table;
    }

    /** From the end to the start, the way Redis goes: so the matches come out as its own. */
    private static List<Match> walk(byte[] a, byte[] b, int[][] table, byte[] common, long least) {
        List<Match> matches = new ArrayList<>();
        int at = common.length;
        int i = a.length;
        int j = b.length;
        Match open = null;
        while (i > 0 && j > 0) {
            if (a[i - 1] == b[j - 1]) {
                common[--at] = a[i - 1];
                boolean joined = open != null && open.from == i && open.otherFrom == j;
                if (!joined && open != null) {
                    keep(matches, open, least);
                }
                open = joined && open != null
                        ? new Match(i - 1, open.to, j - 1, open.otherTo)
                        : new Match(i - 1, i - 1, j - 1, j - 1);
                i--;
                j--;
            } else if (table[i - 1][j] > table[i][j - 1]) {
                i--;
            } else {
                j--;
            }
        }
        if (open != null) {
            keep(matches, open, least);
        }
        return matches;
    }

    private static void keep(List<Match> matches, Match match, long least) {
        if (match.to - match.from + 1 >= least) {
            matches.add(match);
        }
    }

    private static void write(Call call, List<Match> matches, int found, boolean lengths) {
        var out = call.out();
        out.map(2);
        out.bulk("matches");
        out.array(matches.size());
        for (Match match : matches) {
            out.array(lengths ? 3 : 2);
            out.array(2);
            out.integer(match.from);
            out.integer(match.to);
            out.array(2);
            out.integer(match.otherFrom);
            out.integer(match.otherTo);
            if (lengths) {
                out.integer(match.to - match.from + 1L);
            }
        }
        out.bulk("len");
        out.integer(found);
    }
}
