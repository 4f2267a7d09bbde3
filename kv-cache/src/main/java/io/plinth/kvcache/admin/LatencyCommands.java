package io.plinth.kvcache.admin;

import io.plinth.kvcache.command.Call;
import io.plinth.kvcache.command.Command;
import io.plinth.kvcache.command.CommandException;
import io.plinth.kvcache.command.Help;
import io.plinth.kvcache.command.stats.CommandTimes;
import io.plinth.kvcache.command.stats.LatencyCounts;
import io.plinth.kvcache.command.stats.LatencyEvents;
import io.plinth.kvcache.command.stats.LatencyEvents.Event;
import io.plinth.kvcache.command.stats.LatencyEvents.Sample;
import io.plinth.kvcache.wire.ReplyWriter;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** LATENCY. */
final class LatencyCommands {
    private LatencyCommands() {}

    static void run(Call call) {
        LatencyEvents events = call.node().stats().latencies();
        switch (call.text(1).toUpperCase(Locale.ROOT)) {
            case "LATEST" -> latest(call, events.all());
            case "HISTORY" -> history(call, find(events, call.text(2)));
            case "RESET" -> {
                int gone = call.count() == 2 ? events.clear() : 0;
                for (int i = 2; i < call.count(); i++) {
                    gone += events.forget(call.text(i)) ? 1 : 0;
                }
                call.out().integer(gone);
            }
            case "HISTOGRAM" -> histogram(call);
            case "DOCTOR" -> call.out().verbatim(report(events));
            case "GRAPH" -> {
                Event event = find(events, call.text(2));
                if (event == null) {
                    throw new CommandException("ERR No samples available for event '" + call.text(2) + "'");
                }
                call.out().verbatim(LatencyGraph.of(event, call.now() / 1000));
            }
            default -> help(call);
        }
    }

    private static @Nullable Event find(LatencyEvents events, String name) {
        return events.all().stream()
                .filter(event -> event.name().equals(name))
                .findFirst()
                .orElse(null);
    }

    private static void latest(Call call, List<Event> events) {
        call.out().array(events.size());
        for (Event event : events) {
            call.out().array(4);
            call.out().bulk(event.name());
            call.out().integer(event.latest().seconds());
            call.out().integer(event.latest().millis());
            call.out().integer(event.worst());
        }
    }

    private static void history(Call call, @Nullable Event event) {
        List<Sample> samples = event == null ? List.of() : event.samples();
        call.out().array(samples.size());
        for (Sample sample : samples) {
            call.out().array(2);
            call.out().integer(sample.seconds());
            call.out().integer(sample.millis());
        }
    }

    /** Every command asked for that ran, or every one that did; those with subcommands by these. */
    private static void histogram(Call call) {
        CommandTimes sum = call.node().stats().observations().sum();
        List<String> rows = call.executor().table().rows();
        Map<String, LatencyCounts> found = new TreeMap<>();
        if (sum != null) {
            for (int row = 0; row < rows.size(); row++) {
                LatencyCounts counts = sum.latencies(row);
                if (counts != null && counts.total() > 0 && asked(call, rows.get(row))) {
                    found.put(rows.get(row), counts);
                }
            }
        }
        call.out().map(found.size());
        found.forEach((name, counts) -> describe(call.out(), name, counts));
    }

    private static boolean asked(Call call, String row) {
        for (int i = 2; i < call.count(); i++) {
            Command command = call.executor().table().find(call.text(i));
            if (row.equalsIgnoreCase(call.text(i)) || (command != null && row.startsWith(command.name() + "|"))) {
                return true;
            }
        }
        return call.count() == 2;
    }

    private static void describe(ReplyWriter out, String name, LatencyCounts counts) {
        List<long[]> steps = new ArrayList<>();
        counts.logarithmic((nanos, count) -> steps.add(new long[] {TimeUnit.NANOSECONDS.toMicros(nanos), count}));
        out.bulk(name);
        out.map(2);
        out.bulk("calls");
        out.integer(counts.total());
        out.bulk("histogram_usec");
        out.map(steps.size());
        for (long[] step : steps) {
            out.integer(step[0]);
            out.integer(step[1]);
        }
    }

    private static String report(LatencyEvents events) {
        if (events.threshold() == 0) {
            return "Latency is not watched. CONFIG SET latency-monitor-threshold <milliseconds> begins to.\n";
        }
        List<Event> all = events.all();
        if (all.isEmpty()) {
            return "Nothing took " + events.threshold() + " milliseconds or longer.\n";
        }
        StringBuilder text = new StringBuilder("What took " + events.threshold() + " milliseconds or longer:\n");
        for (Event event : all) {
            double mean =
                    event.samples().stream().mapToLong(Sample::millis).average().orElse(0);
            text.append(String.format(
                    Locale.ROOT,
                    "%s: %d seconds with one, %.0f ms on average, %d ms at worst%n",
                    event.name(),
                    event.samples().size(),
                    mean,
                    event.worst()));
        }
        return text.append("SLOWLOG GET names the commands.\n").toString();
    }

    private static void help(Call call) {
        Help.write(call);
    }
}
