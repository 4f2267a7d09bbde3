package io.plinth.kit.config.read;

import java.util.Collection;
import java.util.Locale;
import java.util.stream.Collectors;

/** The nearest right spelling of a wrong word, by edit distance with swaps. */
final class Nearest {
    private Nearest() {}

    /** {@code "; did you mean `x`?"}, or the known words where none is near, or nothing where there are none. */
    static String hint(String wrong, Collection<String> known) {
        String best = "";
        int bestDistance = Integer.MAX_VALUE;
        for (String word : known.stream().sorted().toList()) {
            int distance = distance(wrong.toLowerCase(Locale.ROOT), word.toLowerCase(Locale.ROOT));
            if (distance < bestDistance) {
                bestDistance = distance;
                best = word;
            }
        }
        if (bestDistance <= Math.max(2, wrong.length() / 3)) {
            return "; did you mean `" + best + "`?";
        }
        return known.isEmpty()
                ? ""
                : known.stream().sorted().limit(24).collect(Collectors.joining(", ", " (expected one of: ", ")"));
    }

    /** Optimal string alignment distance. */
    private static int distance(String a, String b) {
        int[][] d = new int[a.length() + 1][b.length() + 1];
        for (int i = 0; i <= a.length(); i++) {
            for (int j = 0; j <= b.length(); j++) {
                if (i == 0 || j == 0) {
                    d[i][j] = i + j;
                    continue;
                }
                int cost = a.charAt(i - 1) == b.charAt(j - 1) ? 0 : 1;
                d[i][j] = Math.min(Math.min(d[i - 1][j], d[i][j - 1]) + 1, d[i - 1][j - 1] + cost);
                if (i > 1 && j > 1 && a.charAt(i - 1) == b.charAt(j - 2) && a.charAt(i - 2) == b.charAt(j - 1)) {
                    d[i][j] = Math.min(d[i][j], d[i - 2][j - 2] + 1);
                }
            }
        }
        return d[a.length()][b.length()];
    }
}
