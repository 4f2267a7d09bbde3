package io.plinth.mqbroker.management.survey;

import io.plinth.mqbroker.exchange.Exchange;
import io.plinth.mqbroker.exchange.QueueRef;
import io.plinth.mqbroker.exchange.Topology;
import io.plinth.mqbroker.history.History;
import io.plinth.mqbroker.history.Ranges;
import io.plinth.mqbroker.history.Samples;
import io.plinth.mqbroker.http.ApiCall;
import io.plinth.mqbroker.http.ApiException;
import io.plinth.mqbroker.management.node.NodeNumbers;
import io.plinth.mqbroker.queue.ShardCommand;
import io.plinth.mqbroker.session.Broker;
import io.plinth.mqbroker.session.ChannelDescription;
import io.plinth.mqbroker.session.Connection;
import io.plinth.mqbroker.session.ConnectionDescription;
import io.plinth.mqbroker.session.SessionMetrics;
import io.plinth.mqbroker.stats.Counts;
import io.plinth.mqbroker.stats.QueueReport;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * Asks every owner for its numbers, on its own loop, and remembers earlier answers so that there are rates. Samples are only taken while
 * somebody asks: for a minute after each request, and for an hour after one for history.
 */
public final class Survey {
    private static final long PERIOD_NANOS = TimeUnit.SECONDS.toNanos(5);
    private static final long FRESH_NANOS = TimeUnit.SECONDS.toNanos(1);
    private static final long INTEREST_NANOS = TimeUnit.MINUTES.toNanos(1);

    private static final long HISTORY_NANOS = TimeUnit.HOURS.toNanos(1);

    private final Broker broker;
    private final NodeNumbers node;
    private final History history;
    private final int mostSamples;
    private volatile @Nullable Snapshot latest;
    private volatile @Nullable Snapshot previous;
    private volatile long asked;
    private volatile boolean wanted;
    private volatile long historyAsked;
    private volatile boolean historyWanted;

    private final Executor worker;

    /**
     * Asks a broker.
     *
     * @param worker where answers are put together and written, so that a long list holds up no loop
     * @param mostSamples how many samples an answer has
     */
    public Survey(Broker broker, NodeNumbers node, Executor worker, History history, int mostSamples) {
        this.broker = broker;
        this.node = node;
        this.worker = worker;
        this.history = history;
        this.mostSamples = mostSamples;
    }

    /** Takes the sample that is due; to be called every few seconds. */
    public void tick() {
        long now = broker.nanoTime().getAsLong();
        boolean recorded = historyWanted && now - historyAsked < HISTORY_NANOS;
        if (recorded || (wanted && now - asked < INTEREST_NANOS)) {
            take().thenAccept(taken -> {
                remember(taken);
                if (recorded) {
                    record(taken);
                }
            });
        } else {
            latest = null;
            previous = null;
            history.clear();
        }
    }

    private void remember(Snapshot taken) {
        previous = latest;
        latest = taken;
    }

    private void record(Snapshot taken) {
        history.sample(broker.clock().millis(), taken.recorded());
    }

    /** The numbers now, with rates, and with what they were where the request asks for that. */
    public CompletionStage<Figures> figures(ApiCall call) {
        Ranges ranges;
        try {
            ranges = Ranges.of(call::parameter);
        } catch (IllegalArgumentException e) {
            throw ApiException.badRequest(String.valueOf(e.getMessage()));
        }
        if (ranges.none()) {
            return ask(null);
        }
        historyAsked = broker.nanoTime().getAsLong();
        historyWanted = true;
        return ask(new Samples(history, ranges, mostSamples));
    }

    private CompletionStage<Figures> ask(@Nullable Samples samples) {
        asked = broker.nanoTime().getAsLong();
        wanted = true;
        Snapshot newest = latest;
        Snapshot older = previous;
        Snapshot base =
                newest != null && (asked - newest.nanos() >= PERIOD_NANOS / 2 || older == null) ? newest : older;
        return take().thenApply(now -> {
            if (latest == null) {
                latest = now;
            }
            if (samples != null && history.isEmpty()) {
                record(now);
            }
            return new Figures(now, base == null ? now : base, samples, History.WHOLE);
        });
    }

    /** The numbers now, or those of a second ago at most. */
    public CompletionStage<Snapshot> snapshot() {
        Snapshot newest = latest;
        if (newest != null && broker.nanoTime().getAsLong() - newest.nanos() < FRESH_NANOS) {
            return CompletableFuture.completedFuture(newest);
        }
        return take();
    }

    private CompletionStage<Snapshot> take() {
        Map<Long, QueueReport> queues = new ConcurrentHashMap<>();
        List<CompletableFuture<?>> asking = new ArrayList<>();
        for (int i = 0; i < broker.shards().count(); i++) {
            CompletableFuture<Void> answered = new CompletableFuture<>();
            asking.add(answered);
            broker.shards().get(i).submit(List.of(new ShardCommand.Survey(part -> {
                queues.putAll(part);
                answered.complete(null);
            })));
        }
        Map<Object, ConnectionDescription> connections = new ConcurrentHashMap<>();
        for (Connection connection : broker.connections().all()) {
            asking.add(connection
                    .describe()
                    .thenAccept(told -> {
                        if (told != null && !told.vhost().isEmpty()) {
                            connections.put(connection, told);
                        }
                    })
                    .toCompletableFuture());
        }
        return CompletableFuture.allOf(asking.toArray(CompletableFuture[]::new))
                .thenApplyAsync(done -> whole(queues, connections), worker);
    }

    private Snapshot whole(Map<Long, QueueReport> queues, Map<Object, ConnectionDescription> connections) {
        Map<Exchange, Snapshot.ExchangeCounts> exchanges = new LinkedHashMap<>();
        for (Topology topology : broker.vhosts().all()) {
            for (Exchange exchange : topology.exchanges()) {
                exchanges.put(exchange, Snapshot.ExchangeCounts.of(exchange.traffic()));
            }
        }
        Counts totals = broker.vhosts().departed();
        for (QueueReport queue : queues.values()) {
            addQueue(totals, queue);
        }
        Map<String, List<ConnectionDescription>> byVhost =
                connections.values().stream().collect(Collectors.groupingBy(ConnectionDescription::vhost));
        Map<String, Snapshot.Totals> vhosts = new HashMap<>();
        for (Topology topology : broker.vhosts().all()) {
            vhosts.put(topology.vhost(), totals(topology, queues, byVhost.getOrDefault(topology.vhost(), List.of())));
        }
        long returned = totals.get(Counts.Kind.RETURN_UNROUTABLE);
        for (ConnectionDescription connection : connections.values()) {
            for (ChannelDescription channel : connection.channels()) {
                returned += channel.counts().get(Counts.Kind.RETURN_UNROUTABLE);
            }
        }
        Counts whole = new Counts();
        whole.addAll(totals, Counts.OF_QUEUES);
        SessionMetrics sessions = broker.metrics();
        whole.add(Counts.Kind.PUBLISH, sessions.publishedCount());
        whole.add(Counts.Kind.CONFIRM, sessions.confirmedCount());
        whole.add(Counts.Kind.RETURN_UNROUTABLE, returned);
        whole.add(Counts.Kind.DROP_UNROUTABLE, Math.max(0, sessions.unroutableCount() - returned));
        return new Snapshot(
                broker.nanoTime().getAsLong(),
                queues,
                connections,
                exchanges,
                Snapshot.ExchangeCounts.of(broker.vhosts().traffic()),
                vhosts,
                whole,
                node.take(connections.values()));
    }

    private static void addQueue(Counts into, QueueReport queue) {
        into.addAll(queue.counts(), Counts.OF_QUEUES);
    }

    private static Snapshot.Totals totals(
            Topology topology, Map<Long, QueueReport> queues, List<ConnectionDescription> connections) {
        Counts departed = topology.departed().copy();
        Counts counts = new Counts();
        counts.addAll(departed, Counts.OF_QUEUES);
        counts.addAll(departed, Counts.OF_PUBLISHERS);
        long ready = 0;
        long unacked = 0;
        for (QueueRef queue : topology.queues()) {
            QueueReport report = queues.getOrDefault(queue.id(), QueueReport.NOTHING);
            addQueue(counts, report);
            ready += report.ready();
            unacked += report.unacked();
        }
        long received = 0;
        long sent = 0;
        for (ConnectionDescription connection : connections) {
            received += connection.octets().received();
            sent += connection.octets().sent();
            connection.channels().forEach(channel -> counts.addAll(channel.counts(), Counts.OF_PUBLISHERS));
        }
        counts.add(Counts.Kind.PUBLISH, topology.traffic().in());
        return new Snapshot.Totals(counts, ready, unacked, received, sent);
    }
}
