package io.plinth.mqbroker.management.survey;

import io.plinth.mqbroker.history.History;
import io.plinth.mqbroker.history.Samples;
import io.plinth.mqbroker.management.node.NodeNumbers;
import io.plinth.mqbroker.stats.Counts;
import io.plinth.mqbroker.stats.Counts.Kind;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The numbers now and some seconds ago, written as RabbitMQ writes them: a count and, beside it, {@code _details} with its rate.
 *
 * @param before the same as {@code now} where there is nothing older: then rates are 0
 * @param samples null where nobody asks what the numbers were
 * @param about what the samples are of
 */
public record Figures(
        Snapshot now, Snapshot before, @Nullable Samples samples, Object about) {
    private static final List<Kind> DELIVERIES = List.of(Kind.DELIVER, Kind.DELIVER_NO_ACK, Kind.GET, Kind.GET_NO_ACK);
    private static final double NANOS = 1e9;

    /** What RabbitMQ tells of a queue, a channel that publishes, one that consumes, a virtual host, and the whole. */
    public enum Of {
        QUEUE,
        CHANNEL,
        VHOST,
        ALL
    }

    /** The same, for numbers of this. */
    public Figures about(Object other) {
        return new Figures(now, before, samples, other);
    }

    public void put(Map<String, @Nullable Object> into, String name, long value, long then) {
        into.put(name, value);
        if (samples == null) {
            into.put(name + "_details", Map.of("rate", rate(value, then)));
            return;
        }
        Map<String, @Nullable Object> details = new LinkedHashMap<>();
        details.put("rate", rate(value, then));
        samples.put(details, about, name, value);
        into.put(name + "_details", details);
    }

    /** Some of the numbers of the node. */
    public void putNode(Map<String, @Nullable Object> into, List<String> names) {
        Figures node = about(History.NODE);
        for (String name : names) {
            int at = NodeNumbers.NAMES.indexOf(name);
            node.put(into, name, now.node().numbers()[at], before.node().numbers()[at]);
        }
    }

    private double rate(long value, long then) {
        long nanos = now.nanos() - before.nanos();
        return nanos <= 0 ? 0.0 : Math.round(Math.max(0, value - then) * NANOS / nanos * 1000) / 1000.0;
    }

    /** The object {@code message_stats}; empty where nothing happened. */
    public Map<String, @Nullable Object> messageStats(Of of, Counts counts, @Nullable Counts earlier) {
        Counts then = earlier == null ? counts : earlier;
        Map<String, @Nullable Object> stats = new LinkedHashMap<>();
        long got = sum(counts);
        boolean consumed = got > 0 || counts.get(Kind.ACK) > 0 || counts.get(Kind.GET_EMPTY) > 0;
        boolean published = counts.get(Kind.PUBLISH) > 0;
        if (!consumed && !published) {
            return stats;
        }
        if (of != Of.CHANNEL || consumed) {
            for (Kind kind : Counts.OF_QUEUES) {
                put(stats, kind.text(), counts.get(kind), then.get(kind));
            }
            put(stats, "deliver_get", got, sum(then));
        }
        if (of != Of.CHANNEL || published) {
            put(stats, "publish", counts.get(Kind.PUBLISH), then.get(Kind.PUBLISH));
        }
        if (of != Of.QUEUE && (of != Of.CHANNEL || published)) {
            for (Kind kind : Counts.OF_PUBLISHERS) {
                put(stats, kind.text(), counts.get(kind), then.get(kind));
            }
        }
        if (of == Of.ALL) {
            put(stats, "disk_reads", 0, 0);
            put(stats, "disk_writes", 0, 0);
        }
        return stats;
    }

    /** How many were delivered or got. */
    static long sum(Counts counts) {
        return DELIVERIES.stream().mapToLong(counts::get).sum();
    }
}
