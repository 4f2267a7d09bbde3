package io.plinth.dbproxy.console;

import io.plinth.dbproxy.usage.Totals;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletionStage;
import org.jspecify.annotations.Nullable;

/** The tables of counts: SHOW STATS and its kin. Stateless. */
final class NumberTables {
    private final Statistics statistics;

    NumberTables(Statistics statistics) {
        this.statistics = statistics;
    }

    private static List<Long> counts(Totals totals) {
        return List.of(
                totals.transactions(),
                totals.queries(),
                totals.received(),
                totals.sent(),
                totals.transactionMicros(),
                totals.queryMicros(),
                totals.waitMicros(),
                totals.assignments(),
                totals.clientParses(),
                totals.serverParses(),
                totals.binds());
    }

    /** Counts and bytes for each second; times for each transaction or query, waiting for each second. */
    private static List<Long> averages(Statistics.Line line) {
        Totals period = line.period();
        List<Long> counts = counts(period);
        List<Long> averages = new ArrayList<>();
        for (int i = 0; i < counts.size(); i++) {
            long count = counts.get(i);
            averages.add(
                    switch (i) {
                        case 4 -> count / Math.max(1, period.transactions());
                        case 5 -> count / Math.max(1, period.queries());
                        default -> Math.round(count / line.seconds());
                    });
        }
        return averages;
    }

    /** {@code total} and {@code average} go before the columns' names; null for none of them. */
    CompletionStage<Reply> stats(@Nullable String total, @Nullable String average) {
        boolean both = total != null && average != null;
        List<String> first = List.of("xact_count", "query_count");
        List<String> bytes = both ? List.of("received", "sent") : List.of("bytes_received", "bytes_sent");
        List<String> averageBytes = both ? List.of("recv", "sent") : bytes;
        List<String> times = List.of("xact_time", "query_time", "wait_time");
        List<String> later =
                List.of("server_assignment_count", "client_parse_count", "server_parse_count", "bind_count");
        StringBuilder columns = new StringBuilder("database");
        if (total != null) {
            names(columns, total, first, bytes, times);
        }
        if (average != null) {
            names(columns, average, first, averageBytes, times);
        }
        if (total != null) {
            names(columns, total, later);
        }
        if (average != null) {
            names(columns, average, later);
        }
        return statistics.lines().thenApply(lines -> {
            List<List<@Nullable String>> rows = new ArrayList<>();
            lines.forEach((database, line) -> {
                List<@Nullable String> row = Tables.row(database);
                List<Long> totals = counts(line.total());
                List<Long> averages = averages(line);
                for (int part = 0; part < 2; part++) {
                    int from = part == 0 ? 0 : 7;
                    int to = part == 0 ? 7 : totals.size();
                    if (total != null) {
                        totals.subList(from, to).forEach(value -> row.add(String.valueOf(value)));
                    }
                    if (average != null) {
                        averages.subList(from, to).forEach(value -> row.add(String.valueOf(value)));
                    }
                }
                rows.add(row);
            });
            return Tables.table(columns.toString(), rows);
        });
    }

    @SafeVarargs
    private static void names(StringBuilder columns, String prefix, List<String>... names) {
        for (List<String> some : names) {
            some.forEach(name -> columns.append(' ').append(prefix).append(name).append(":q"));
        }
    }

    CompletionStage<Reply> totals() {
        List<String> names = List.of(
                "xact_count", "query_count", "client_bytes", "server_bytes", "xact_time", "query_time", "wait_time");
        return statistics.lines().thenApply(lines -> {
            Totals total = Totals.NONE;
            Totals period = Totals.NONE;
            double seconds = 1;
            for (Statistics.Line line : lines.values()) {
                total = total.plus(line.total());
                period = period.plus(line.period());
                seconds = line.seconds();
            }
            List<Long> totals = counts(total);
            List<Long> averages = averages(new Statistics.Line(total, period, seconds));
            List<List<@Nullable String>> rows = new ArrayList<>();
            for (int i = 0; i < names.size(); i++) {
                rows.add(Tables.row("total_" + names.get(i), totals.get(i)));
            }
            for (int i = 0; i < names.size(); i++) {
                rows.add(Tables.row("avg_" + names.get(i), averages.get(i)));
            }
            return Tables.table("name value:q", rows);
        });
    }
}
