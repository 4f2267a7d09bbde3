package io.plinth.dbproxy.trace;

import io.plinth.kit.metrics.Metrics;
import io.plinth.kit.tracing.SpanExporter;
import io.plinth.kit.tracing.TraceParent;
import io.prometheus.metrics.core.metrics.CounterWithCallback;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.time.Clock;
import java.time.Instant;
import java.util.function.Supplier;
import java.util.function.ToDoubleFunction;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;

/** Tells a collector of sampled statements. Any thread; what it is told of is a snapshot. */
public final class Traces implements AutoCloseable {
    /** Longer texts are not shown: spans that wait keep theirs. */
    private static final int LONGEST_TEXT = 8 << 10;
    /** How far from either end of a text its trace context may stand. */
    private static final int REACH = 2 << 10;

    private static final byte[] MARK = "traceparent='".getBytes(StandardCharsets.US_ASCII);
    private static final int CONTEXT = 55;
    private static final byte[] NONE = {};

    private final String node;
    private final Supplier<RandomGenerator> random;
    private final Clock clock;
    private volatile @Nullable Running running;

    private record Running(TracingConfig config, SpanExporter<StatementSpan> exporter) {}

    /** {@code random} answers one that the asking thread may use. */
    public Traces(String node, Supplier<RandomGenerator> random, Clock clock, Metrics metrics) {
        this.node = node;
        this.random = random;
        this.clock = clock;
        count(metrics, "db_proxy_spans", "Spans that the collector took.", SpanExporter::exported);
        count(metrics, "db_proxy_spans_dropped", "Spans that no collector got.", SpanExporter::dropped);
    }

    private void count(Metrics metrics, String name, String help, ToDoubleFunction<SpanExporter<StatementSpan>> of) {
        CounterWithCallback.builder()
                .name(name)
                .help(help)
                .callback(callback -> {
                    Running now = running;
                    callback.call(now == null ? 0 : of.applyAsDouble(now.exporter));
                })
                .register(metrics.registry());
    }

    /** What the file says now. */
    public void serve(@Nullable TracingConfig config) {
        Running before = running;
        if (before == null ? config == null : before.config.equals(config)) {
            return;
        }
        Running next = null;
        if (config != null) {
            next = new Running(
                    config,
                    new SpanExporter<>(
                            URI.create(config.endpoint()), config.queue(), node, StatementSpans.of(node)::encode));
            next.exporter.start();
        }
        running = next;
        if (before != null) {
            Thread.ofVirtual().start(before.exporter::close);
        }
    }

    /** Whether anybody wants to know. */
    public boolean on() {
        return running != null;
    }

    /** A statement took {@code nanos} until now. */
    public void took(
            byte[] sql,
            String application,
            long nanos,
            boolean failed,
            String database,
            String user,
            String server,
            String shard) {
        tell(sql, application, nanos, failed, database, user, server, shard);
    }

    /** A statement for several servers is over now: it is one span, each server's part a child of it. */
    public void took(
            byte[] sql, String application, long nanos, boolean failed, String database, String user, SharedWork work) {
        Running now = running;
        StatementSpan whole = tell(sql, application, nanos, failed, database, user, "", "");
        if (whole == null || now == null) {
            return;
        }
        for (SharedWork.Part part : work.parts()) {
            long start = whole.startNanos() + work.sinceBeginning(part);
            now.exporter.offer(new StatementSpan(
                    whole.ids().child(random.get()),
                    whole.ids().spanId(),
                    database,
                    user,
                    part.server().name(),
                    part.server().shard(),
                    whole.sql(),
                    part.failed(),
                    start,
                    start + part.nanos()));
        }
    }

    private @Nullable StatementSpan tell(
            byte[] sql,
            String application,
            long nanos,
            boolean failed,
            String database,
            String user,
            String server,
            String shard) {
        Running now = running;
        if (now == null) {
            return null;
        }
        TraceParent caller = caller(sql, application);
        boolean sampled = (caller != null && now.config.parents())
                ? caller.sampled()
                : now.config.sample() > 0 && random.get().nextDouble() * 100 < now.config.sample();
        if (!sampled) {
            return null;
        }
        TraceParent ids = caller == null ? TraceParent.start(random.get(), true) : caller.child(random.get());
        Instant end = clock.instant();
        long endNanos = end.getEpochSecond() * 1_000_000_000L + end.getNano();
        StatementSpan span = new StatementSpan(
                ids,
                caller == null ? 0 : caller.spanId(),
                database,
                user,
                server,
                shard,
                sql.length > LONGEST_TEXT ? NONE : sql,
                failed,
                endNanos - nanos,
                endNanos);
        now.exporter.offer(span);
        return span;
    }

    /** The trace context of sqlcommenter's comment at either end of the text, or else the one the application is named by. */
    static @Nullable TraceParent caller(byte[] sql, String application) {
        int at = find(sql, Math.max(0, sql.length - REACH), sql.length);
        if (at < 0 && sql.length > REACH) {
            at = find(sql, 0, REACH);
        }
        if (at >= 0) {
            return TraceParent.parse(new String(sql, at, CONTEXT, StandardCharsets.ISO_8859_1));
        }
        return application.length() == CONTEXT ? TraceParent.parse(application) : null;
    }

    private static int find(byte[] sql, int from, int to) {
        for (int i = from; i + MARK.length + CONTEXT <= to; i++) {
            int k = 0;
            while (k < MARK.length && sql[i + k] == MARK[k]) {
                k++;
            }
            if (k == MARK.length) {
                return i + k;
            }
        }
        return -1;
    }

    @Override
    public void close() {
        Running last = running;
        running = null;
        if (last != null) {
            last.exporter.close();
        }
    }
}
