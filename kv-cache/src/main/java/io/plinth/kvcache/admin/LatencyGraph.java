package io.plinth.kvcache.admin;

import io.plinth.kvcache.command.stats.LatencyEvents.Event;
import io.plinth.kvcache.command.stats.LatencyEvents.Sample;
import java.util.List;

/** LATENCY GRAPH: an event's samples as columns of four lines, and under each how long ago it was, from top to bottom. */
final class LatencyGraph {
    private static final int COLUMNS = 80;
    private static final int LINES = 4;
    /** What a column's top may be: three heights of a line. */
    private static final String TOPS = "_o#";

    private static final int STEPS = LINES * TOPS.length();

    private LatencyGraph() {}

    static String of(Event event, long nowSeconds) {
        List<Sample> samples = event.samples();
        long high = samples.stream().mapToLong(Sample::millis).max().orElse(0);
        long low = samples.stream().mapToLong(Sample::millis).min().orElse(0);
        StringBuilder text = new StringBuilder(event.name())
                .append(" - high ")
                .append(high)
                .append(" ms, low ")
                .append(low)
                .append(" ms (all time high ")
                .append(event.worst())
                .append(" ms)\n")
                .repeat('-', COLUMNS)
                .append('\n');
        for (int from = 0; from < samples.size(); from += COLUMNS) {
            if (from > 0) {
                text.append('\n');
            }
            columns(samples.subList(from, Math.min(samples.size(), from + COLUMNS)), low, high, nowSeconds, text);
        }
        return text.toString();
    }

    private static void columns(List<Sample> samples, long low, long high, long nowSeconds, StringBuilder text) {
        for (int line = LINES - 1; line >= 0; line--) {
            for (Sample sample : samples) {
                int above = step(sample.millis(), low, high) - line * TOPS.length();
                text.append(above < 0 ? ' ' : above < TOPS.length() ? TOPS.charAt(above) : '|');
            }
            text.append('\n');
        }
        List<String> ages = samples.stream()
                .map(sample -> age(nowSeconds - sample.seconds()))
                .toList();
        int longest = ages.stream().mapToInt(String::length).max().orElse(0);
        text.repeat(' ', samples.size()).append('\n');
        for (int i = 0; i < longest; i++) {
            for (String age : ages) {
                text.append(i < age.length() ? age.charAt(i) : ' ');
            }
            text.append('\n');
        }
    }

    private static int step(long millis, long low, long high) {
        return (int) Math.min(STEPS - 1L, (millis - low) * STEPS / Math.max(1, high - low));
    }

    private static String age(long seconds) {
        if (seconds < 60) {
            return seconds + "s";
        }
        return seconds < 3600 ? seconds / 60 + "m" : seconds < 86_400 ? seconds / 3600 + "h" : seconds / 86_400 + "d";
    }
}
