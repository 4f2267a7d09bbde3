package io.plinth.mqbroker.management;

import io.plinth.mqbroker.exchange.Exchange;
import io.plinth.mqbroker.session.ChannelDescription;
import io.plinth.mqbroker.session.Connection;
import io.plinth.mqbroker.session.ConnectionDescription;
import io.plinth.mqbroker.stats.Counts;
import io.plinth.mqbroker.stats.QueueReport;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Every number of the broker at about one moment.
 *
 * @param nanos when
 */
record Snapshot(
        long nanos,
        Map<Long, QueueReport> queues,
        Map<Object, ConnectionDescription> connections,
        Map<Exchange, ExchangeCounts> exchanges,
        Counts totals) {
    /** What went through one exchange. */
    record ExchangeCounts(long in, long out, long unroutable) {
        static final ExchangeCounts NONE = new ExchangeCounts(0, 0, 0);
    }

    QueueReport queue(long id) {
        QueueReport report = queues.get(id);
        return report == null ? QueueReport.NOTHING : report;
    }

    @Nullable
    ChannelDescription channel(Connection connection, int number) {
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
}
