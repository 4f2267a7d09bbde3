package io.plinth.kvcache.admin;

import io.plinth.kvcache.command.Call;
import io.plinth.kvcache.command.stats.CommandTimes;
import io.plinth.kvcache.command.stats.LatencyCounts;
import java.math.BigDecimal;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.TimeUnit;
import java.util.function.BiConsumer;

/** The sections of INFO that have a line for each command or error. */
public final class CommandReport {
    private CommandReport() {}

    /** A line for each. */
    public static void commands(Call call, BiConsumer<String, Object> line) {
        CommandTimes sum = call.node().stats().observations().sum();
        List<String> rows = call.executor().table().rows();
        for (int row = 0; sum != null && row < rows.size(); row++) {
            long calls = sum.calls(row);
            if (calls > 0 || sum.rejected(row) > 0 || sum.failed(row) > 0) {
                long micros = TimeUnit.NANOSECONDS.toMicros(sum.nanos(row));
                line.accept(
                        "cmdstat_" + rows.get(row),
                        String.format(
                                Locale.ROOT,
                                "calls=%d,usec=%d,usec_per_call=%.2f,rejected_calls=%d,failed_calls=%d",
                                calls,
                                micros,
                                calls == 0 ? 0.0 : (double) micros / calls,
                                sum.rejected(row),
                                sum.failed(row)));
            }
        }
    }

    /** A line for each. */
    public static void errors(Call call, BiConsumer<String, Object> line) {
        call.node()
                .stats()
                .errors()
                .byWord()
                .forEach((word, count) -> line.accept("errorstat_" + word, "count=" + count));
    }

    /** A line for each. */
    public static void latencies(Call call, BiConsumer<String, Object> line) {
        CommandTimes sum = call.node().stats().observations().sum();
        List<String> rows = call.executor().table().rows();
        for (int row = 0; sum != null && row < rows.size(); row++) {
            LatencyCounts counts = sum.latencies(row);
            if (counts != null && counts.total() > 0) {
                StringBuilder text = new StringBuilder();
                for (double percent : call.node().stats().observations().percentiles()) {
                    text.append(text.isEmpty() ? "p" : ",p")
                            .append(plain(percent))
                            .append(String.format(Locale.ROOT, "=%.3f", counts.percentile(percent) / 1000.0));
                }
                line.accept("latency_percentiles_usec_" + rows.get(row), text);
            }
        }
    }

    /** Without a point where there is nothing behind it. */
    public static String plain(double number) {
        return BigDecimal.valueOf(number).stripTrailingZeros().toPlainString();
    }
}
