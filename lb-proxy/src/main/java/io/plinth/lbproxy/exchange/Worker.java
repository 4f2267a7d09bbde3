package io.plinth.lbproxy.exchange;

import io.netty.channel.EventLoop;
import io.plinth.kit.tracing.SpanExporter;
import io.plinth.lbproxy.admin.AccessLane;
import io.plinth.lbproxy.admin.Tally;
import io.plinth.lbproxy.measure.SocketQueue;
import io.plinth.lbproxy.snapshot.ProxySettings;
import io.plinth.lbproxy.snapshot.Snapshot;
import io.plinth.lbproxy.trace.Span;
import io.plinth.lbproxy.upstream.Pool;
import java.time.Clock;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;
import java.util.function.Supplier;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** All that one event loop keeps for its connections. Owned by that loop. */
public final class Worker {
    /** Positions in {@link #counts}. */
    public static final int CONNECTIONS_OPENED = 0;

    public static final int CONNECTIONS_CLOSED = 1;
    public static final int RETRIES = 2;
    public static final int REJECTED = 3;
    public static final int UNROUTED = 4;
    public static final int LIMITED = 5;
    public static final int SLOW = 6;
    public static final int HEDGES = 7;
    public static final int HEDGES_WON = 8;
    public static final int MIRRORED = 9;
    public static final int NOT_MIRRORED = 10;
    public static final int COUNTS = 11;

    private static final Logger LOG = LoggerFactory.getLogger(Worker.class);
    private static final long TICK_MILLIS = 200;
    private static final int MAX_SPARE = 256;

    private final int index;
    private final EventLoop loop;
    private final Supplier<Snapshot> snapshots;
    private final LongSupplier nanoTime;
    private final RandomGenerator random;
    private final AccessLane accessLog;
    private final @Nullable SpanExporter<Span> spans;
    private final Clock clock;
    private final ErrorPage errorPage;
    private final SocketQueue kernel = new SocketQueue();
    private final Tally counts = new Tally(COUNTS);
    private final ArrayDeque<Exchange> spare = new ArrayDeque<>();
    private @Nullable AttendedClient first;
    private int clients;
    private final List<Mirror> mirrors = new ArrayList<>();
    private long coarseNow;
    private @Nullable CompletableFuture<Void> drained;

    public Worker(
            int index,
            EventLoop loop,
            Supplier<Snapshot> snapshots,
            Clock clock,
            LongSupplier nanoTime,
            RandomGenerator random,
            AccessLane accessLog,
            @Nullable SpanExporter<Span> spans) {
        this.index = index;
        this.loop = loop;
        this.snapshots = snapshots;
        this.nanoTime = nanoTime;
        this.random = random;
        this.accessLog = accessLog;
        this.spans = spans;
        this.clock = clock;
        errorPage = new ErrorPage(clock);
        coarseNow = nanoTime.getAsLong();
    }

    /** Starts looking at deadlines; returns how to stop. */
    public Runnable start() {
        var ticking = loop.scheduleAtFixedRate(this::tick, TICK_MILLIS, TICK_MILLIS, TimeUnit.MILLISECONDS);
        return () -> ticking.cancel(false);
    }

    /** Whatever goes wrong with one ends that one: a tick that threw would be the last, and nobody's deadline would hold. */
    private void tick() {
        coarseNow = nanoTime.getAsLong();
        AttendedClient client = first;
        while (client != null) {
            AttendedClient after = client.next();
            try {
                client.tick(coarseNow);
            } catch (RuntimeException e) {
                LOG.warn("deadlines of a client not looked at, connection closed", e);
                client.abort();
            }
            client = after;
        }
        for (Mirror mirror : List.copyOf(mirrors)) {
            mirror.tick(coarseNow);
        }
        for (Pool pool : snapshot().pools().values()) {
            try {
                pool.loop(index).sweep();
            } catch (RuntimeException e) {
                LOG.warn("pool {} not looked after", pool.name(), e);
            }
        }
        accessLog.flush();
    }

    public EventLoop loop() {
        return loop;
    }

    /** Counters of this loop by the constants above. */
    public Tally counts() {
        return counts;
    }

    /** Copies of requests that are under way. */
    int mirrors() {
        return mirrors.size();
    }

    void add(Mirror mirror) {
        mirrors.add(mirror);
    }

    void remove(Mirror mirror) {
        mirrors.remove(mirror);
    }

    int index() {
        return index;
    }

    Snapshot snapshot() {
        return snapshots.get();
    }

    long now() {
        return nanoTime.getAsLong();
    }

    /** The time of the last tick: good enough for deadlines. */
    long coarseNow() {
        return coarseNow;
    }

    SocketQueue kernel() {
        return kernel;
    }

    RandomGenerator random() {
        return random;
    }

    AccessLane accessLog() {
        return accessLog;
    }

    /** Where spans go; null for nowhere. */
    @Nullable
    SpanExporter<Span> spans() {
        return spans;
    }

    long nanosSince1970() {
        return TimeUnit.MILLISECONDS.toNanos(clock.millis());
    }

    ErrorPage errorPage() {
        return errorPage;
    }

    void add(AttendedClient client) {
        assert loop.inEventLoop();
        client.link(first);
        first = client;
        clients++;
        counts.add(CONNECTIONS_OPENED, 1);
    }

    void remove(AttendedClient client) {
        assert loop.inEventLoop();
        first = client.unlink(first);
        clients--;
        counts.add(CONNECTIONS_CLOSED, 1);
        CompletableFuture<Void> waiting = drained;
        if (waiting != null && clients == 0) {
            waiting.complete(null);
        }
    }

    /** The same connection goes on as another handler. */
    void replace(AttendedClient client, AttendedClient with) {
        assert loop.inEventLoop();
        first = client.unlink(first);
        with.link(first);
        first = with;
    }

    /** An exchange for a client's next request. */
    Exchange begin(ClientSide client) {
        ProxySettings settings = snapshot().settings();
        Exchange exchange = spare.pollLast();
        if (exchange == null || !same(exchange.settings, settings)) {
            exchange = new Exchange(this, settings);
        }
        exchange.begin(client);
        return exchange;
    }

    void recycle(Exchange exchange) {
        if (spare.size() < MAX_SPARE && same(exchange.settings, snapshot().settings())) {
            spare.addLast(exchange);
        }
    }

    /** A reload that changes no setting keeps the object, so one look at it is enough on the way of every request. */
    @SuppressWarnings("ReferenceEquality")
    private static boolean same(ProxySettings one, ProxySettings other) {
        return one == other;
    }

    boolean draining() {
        return drained != null;
    }

    /** Ends idle connections now and the others after their exchange; completes when none is left. On any thread. */
    public CompletableFuture<Void> drain() {
        CompletableFuture<Void> done = new CompletableFuture<>();
        loop.execute(() -> {
            drained = done;
            if (clients == 0) {
                done.complete(null);
                return;
            }
            AttendedClient client = first;
            while (client != null) {
                AttendedClient after = client.next();
                client.drain();
                client = after;
            }
        });
        return done;
    }

    /** Closes every connection at once; completes when their lines are in the access log's queue. On any thread. */
    public CompletableFuture<Void> closeAll() {
        CompletableFuture<Void> done = new CompletableFuture<>();
        loop.execute(() -> {
            AttendedClient client = first;
            while (client != null) {
                AttendedClient after = client.next();
                client.abort();
                client = after;
            }
            List.copyOf(mirrors).forEach(Mirror::drop);
            // Behind the tasks in which the connections just closed end their exchanges.
            loop.execute(() -> {
                accessLog.flush();
                done.complete(null);
            });
        });
        return done;
    }
}
