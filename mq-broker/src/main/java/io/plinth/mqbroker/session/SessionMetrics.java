package io.plinth.mqbroker.session;

import io.plinth.kit.metrics.Metrics;
import io.plinth.mqbroker.flow.Gathering;
import io.prometheus.metrics.core.datapoints.CounterDataPoint;

/** Counters of all sessions, resolved once. */
public final class SessionMetrics {
    final CounterDataPoint connections;
    final CounterDataPoint published;
    final CounterDataPoint unroutable;
    final CounterDataPoint confirmed;
    final CounterDataPoint refusedPublishes;
    final CounterDataPoint delivered;
    final CounterDataPoint acknowledged;

    public SessionMetrics(Metrics metrics) {
        connections = metrics.counter("mqbroker_connections_opened_total", "Connections that were opened.")
                .labelValues();
        published = metrics.counter("mqbroker_messages_published_total", "Messages published by clients.")
                .labelValues();
        unroutable = metrics.counter("mqbroker_messages_unroutable_total", "Published messages no queue took.")
                .labelValues();
        confirmed = metrics.counter("mqbroker_messages_confirmed_total", "Publishes confirmed with ack.")
                .labelValues();
        refusedPublishes = metrics.counter("mqbroker_messages_nacked_total", "Publishes answered with nack.")
                .labelValues();
        delivered = metrics.counter("mqbroker_messages_delivered_total", "Messages sent to consumers and getters.")
                .labelValues();
        acknowledged = metrics.counter("mqbroker_messages_acknowledged_total", "Deliveries settled by clients.")
                .labelValues();
    }

    public long publishedCount() {
        return (long) published.get();
    }

    public long confirmedCount() {
        return (long) confirmed.get();
    }

    public long unroutableCount() {
        return (long) unroutable.get();
    }

    public long connectionsCount() {
        return (long) connections.get();
    }

    /** Owned by the connection's event loop. What one turn counts; the counters of all sessions hear of it once. */
    final class Turn {
        private final Gathering gathering;
        long publishes;
        /** Those of them without a confirm. */
        int unanswered;

        long deliveries;
        long acknowledgements;

        Turn(Gathering gathering) {
            this.gathering = gathering;
        }

        void tell() {
            if (publishes > 0) {
                gathering.read(unanswered);
                unanswered = 0;
                published.inc(publishes);
                publishes = 0;
            }
            if (deliveries > 0) {
                delivered.inc(deliveries);
                deliveries = 0;
            }
            if (acknowledgements > 0) {
                acknowledged.inc(acknowledgements);
                acknowledgements = 0;
            }
        }
    }
}
