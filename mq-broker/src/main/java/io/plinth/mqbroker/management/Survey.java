package io.plinth.mqbroker.management;

import io.plinth.mqbroker.exchange.Exchange;
import io.plinth.mqbroker.exchange.Topology;
import io.plinth.mqbroker.queue.ShardCommand;
import io.plinth.mqbroker.session.Broker;
import io.plinth.mqbroker.session.Connection;
import io.plinth.mqbroker.session.ConnectionDescription;
import io.plinth.mqbroker.session.SessionMetrics;
import io.plinth.mqbroker.stats.Counts;
import io.plinth.mqbroker.stats.QueueReport;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * Asks every owner for its numbers, on its own loop, and remembers earlier answers so that there are rates. Samples are only taken while
 * somebody asks: for a minute after each request.
 */
public final class Survey {
    private static final long PERIOD_NANOS = TimeUnit.SECONDS.toNanos(5);
    private static final long INTEREST_NANOS = TimeUnit.MINUTES.toNanos(1);

    private final Broker broker;
    private volatile @Nullable Snapshot latest;
    private volatile @Nullable Snapshot previous;
    private volatile long asked;
    private volatile boolean wanted;

    private final Executor worker;

    /**
     * Asks a broker.
     *
     * @param worker where answers are put together and written, so that a long list holds up no loop
     */
    public Survey(Broker broker, Executor worker) {
        this.broker = broker;
        this.worker = worker;
    }

    /** Takes the sample that is due; to be called every few seconds. */
    public void tick() {
        long now = broker.nanoTime().getAsLong();
        if (wanted && now - asked < INTEREST_NANOS) {
            take().thenAccept(this::remember);
        } else {
            latest = null;
            previous = null;
        }
    }

    private void remember(Snapshot taken) {
        previous = latest;
        latest = taken;
    }

    /** The numbers now, with rates. */
    CompletionStage<Figures> figures() {
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
            return new Figures(now, base == null ? now : base);
        });
    }

    /** The last sample, for who cannot wait; null where nobody has asked yet. Asks for more of them. */
    @Nullable
    Snapshot last() {
        asked = broker.nanoTime().getAsLong();
        wanted = true;
        return latest;
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
                exchanges.put(
                        exchange,
                        new Snapshot.ExchangeCounts(
                                exchange.traffic().in(),
                                exchange.traffic().out(),
                                exchange.traffic().unroutable()));
            }
        }
        Counts totals = new Counts();
        for (QueueReport queue : queues.values()) {
            for (Counts.Kind kind : Figures.OF_QUEUES) {
                totals.add(kind, queue.counts().get(kind));
            }
        }
        SessionMetrics sessions = broker.metrics();
        totals.add(Counts.Kind.PUBLISH, sessions.publishedCount());
        totals.add(Counts.Kind.CONFIRM, sessions.confirmedCount());
        totals.add(Counts.Kind.DROP_UNROUTABLE, sessions.unroutableCount());
        return new Snapshot(broker.nanoTime().getAsLong(), queues, connections, exchanges, totals);
    }
}
