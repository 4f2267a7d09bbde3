package io.plinth.mqbroker.management.survey;

import io.plinth.mqbroker.exchange.Exchange;
import io.plinth.mqbroker.history.History;
import io.plinth.mqbroker.management.node.NodeNumbers;
import io.plinth.mqbroker.session.ChannelDescription;
import io.plinth.mqbroker.session.Connection;
import io.plinth.mqbroker.session.ConnectionDescription;
import io.plinth.mqbroker.stats.Counts;
import io.plinth.mqbroker.stats.QueueReport;
import io.plinth.mqbroker.stats.Traffic;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Every number of the broker at about one moment.
 *
 * @param nanos when
 * @param routed what went through all exchanges, those that are there no more too
 * @param vhosts sums of each virtual host, by its name
 * @param node those of {@link NodeNumbers}
 */
public record Snapshot(
        long nanos,
        Map<Long, QueueReport> queues,
        Map<Object, ConnectionDescription> connections,
        Map<Exchange, ExchangeCounts> exchanges,
        ExchangeCounts routed,
        Map<String, Totals> vhosts,
        Counts totals,
        History.Values node) {
    private static final List<String> OCTETS = List.of("recv_oct", "send_oct");
    private static final List<String> EXCHANGE = List.of("publish_in", "publish_out", "unroutable");
    private static final List<String> ALL = Stream.concat(
                    Stream.of(Counts.Kind.values()).map(Counts.Kind::text),
                    Stream.of(
                            "deliver_get",
                            "messages",
                            "messages_ready",
                            "messages_unacknowledged",
                            "recv_oct",
                            "send_oct"))
            .toList();

    /** What went through one exchange, or through all. */
    public record ExchangeCounts(long in, long out, long unroutable) {
        public static final ExchangeCounts NONE = new ExchangeCounts(0, 0, 0);

        static ExchangeCounts of(Traffic traffic) {
            return new ExchangeCounts(traffic.in(), traffic.out(), traffic.unroutable());
        }
    }

    /** Sums over what there is, and of counts over what there was. */
    public record Totals(Counts counts, long ready, long unacked, long received, long sent) {
        public static final Totals NONE = new Totals(new Counts(), 0, 0, 0, 0);
    }

    public Totals vhost(String name) {
        return vhosts.getOrDefault(name, Totals.NONE);
    }

    public QueueReport queue(long id) {
        QueueReport report = queues.get(id);
        return report == null ? QueueReport.NOTHING : report;
    }

    public @Nullable ChannelDescription channel(Connection connection, int number) {
        ConnectionDescription known = connections.get(connection);
        if (known != null) {
            for (ChannelDescription channel : known.channels()) {
                if (channel.number() == number) {
                    return channel;
                }
            }
        }
        return null;
    }

    /** Under what the history of a channel is kept. */
    public static Object key(Object connection, int channel) {
        return List.of(connection, channel);
    }

    /** What the history keeps of it. */
    Map<Object, History.Values> recorded() {
        Map<Object, History.Values> all = new HashMap<>();
        queues.forEach((id, queue) -> all.put(id, values(queue.counts(), queue.ready(), queue.unacked(), 0, 0)));
        connections.forEach((connection, told) -> {
            long[] octets = {told.octets().received(), told.octets().sent()};
            all.put(connection, new History.Values(OCTETS, octets));
            for (ChannelDescription channel : told.channels()) {
                all.put(key(connection, channel.number()), values(channel.counts(), 0, 0, 0, 0));
            }
        });
        exchanges.forEach((exchange, counts) -> all.put(
                exchange, new History.Values(EXCHANGE, new long[] {counts.in(), counts.out(), counts.unroutable()})));
        long ready = 0;
        long unacked = 0;
        for (Map.Entry<String, Totals> vhost : vhosts.entrySet()) {
            Totals sums = vhost.getValue();
            ready += sums.ready();
            unacked += sums.unacked();
            all.put(vhost.getKey(), values(sums.counts(), sums.ready(), sums.unacked(), sums.received(), sums.sent()));
        }
        all.put(History.WHOLE, values(totals, ready, unacked, 0, 0));
        all.put(History.NODE, node);
        return all;
    }

    private static History.Values values(Counts counts, long ready, long unacked, long received, long sent) {
        long[] numbers = new long[ALL.size()];
        int i = 0;
        for (Counts.Kind kind : Counts.Kind.values()) {
            numbers[i++] = counts.get(kind);
        }
        for (long number : new long[] {Figures.sum(counts), ready + unacked, ready, unacked, received, sent}) {
            numbers[i++] = number;
        }
        return new History.Values(ALL, numbers);
    }
}
