package io.plinth.kit.tracing;

import java.io.IOException;
import java.io.OutputStream;
import java.net.ConnectException;
import java.net.HttpURLConnection;
import java.net.SocketTimeoutException;
import java.net.URI;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Spans on their way to a collector: event loops put them into a bounded queue, one thread sends batches. What that thread or
 * the collector cannot keep up with is dropped and counted, never waited for.
 *
 * @param <S> what a daemon tells of what it has done
 */
public final class SpanExporter<S> implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(SpanExporter.class);
    private static final int BATCH = 512;
    private static final long PAUSE_NANOS = 500_000_000L;
    /** Of its answer no more is read. */
    private static final int ANSWER = 64 << 10;

    private static final int TIMEOUT_MILLIS = 5_000;
    private static final long STOP_MILLIS = 2_000;

    private final URI endpoint;
    private final int most;
    private final Encoding<S> encoding;
    private final Queue<S> queue = new ConcurrentLinkedQueue<>();
    private final AtomicInteger queued = new AtomicInteger();
    private final AtomicLong dropped = new AtomicLong();
    private final AtomicLong exported = new AtomicLong();
    private final Thread sender;
    private volatile boolean closing;
    private boolean failing;

    /** Makes spans the body of an OTLP/HTTP request in JSON. */
    public interface Encoding<S> {
        byte[] encode(List<S> spans) throws IOException;
    }

    /**
     * Prepares it.
     *
     * @param endpoint where a collector takes traces, as {@code http://127.0.0.1:4318/v1/traces}
     * @param most spans that may wait
     * @param encoding runs on the exporter's own thread
     */
    public SpanExporter(URI endpoint, int most, String node, Encoding<S> encoding) {
        this.endpoint = endpoint;
        this.most = most;
        this.encoding = encoding;
        sender = Thread.ofPlatform().name(node + "-traces").daemon(true).unstarted(this::run);
    }

    public void start() {
        sender.start();
    }

    /** Takes a span, or drops it. Any thread. */
    public void offer(S span) {
        if (queued.incrementAndGet() > most || closing) {
            queued.decrementAndGet();
            dropped.incrementAndGet();
        } else {
            queue.add(span);
        }
    }

    /** Spans that no collector got. */
    public long dropped() {
        return dropped.get();
    }

    /** Spans that a collector took. */
    public long exported() {
        return exported.get();
    }

    private void run() {
        while (true) {
            boolean last = closing;
            List<S> batch = new ArrayList<>();
            S span;
            while (batch.size() < BATCH && (span = queue.poll()) != null) {
                batch.add(span);
            }
            if (batch.isEmpty()) {
                if (last) {
                    return;
                }
                LockSupport.parkNanos(PAUSE_NANOS);
            } else {
                queued.addAndGet(-batch.size());
                send(batch);
            }
        }
    }

    private void send(List<S> batch) {
        try {
            int status = post(encoding.encode(batch));
            if (status / 100 != 2) {
                throw new IOException("status " + status);
            }
            exported.addAndGet(batch.size());
            failing = false;
        } catch (IOException | RuntimeException e) {
            // Even an address that is none, as one whose port is too large, must not end the thread.
            dropped.addAndGet(batch.size());
            if (!failing) {
                LOG.warn("spans not sent to {}: {} (further failures are counted only)", endpoint, e.toString());
            }
            failing = true;
        }
    }

    /** A second time where the collector has closed a kept connection: a body of known length turns off the client's own try. */
    private int post(byte[] body) throws IOException {
        try {
            return once(body);
        } catch (ConnectException | SocketTimeoutException e) {
            throw e;
        } catch (IOException e) {
            return once(body);
        }
    }

    private int once(byte[] body) throws IOException {
        HttpURLConnection http = (HttpURLConnection) endpoint.toURL().openConnection();
        http.setRequestMethod("POST");
        http.setDoOutput(true);
        http.setConnectTimeout(TIMEOUT_MILLIS);
        http.setReadTimeout(TIMEOUT_MILLIS);
        http.setFixedLengthStreamingMode(body.length);
        http.setRequestProperty("Content-Type", "application/json");
        try (OutputStream out = http.getOutputStream()) {
            out.write(body);
        }
        int status = http.getResponseCode();
        try (var in = status < 400 ? http.getInputStream() : http.getErrorStream()) {
            if (in != null) {
                // Read to its end, so that the connection serves again.
                if (in.readNBytes(ANSWER).length == ANSWER) {
                    http.disconnect();
                }
            }
        }
        return status;
    }

    /** Sends what waits, for a while, and ends. */
    @Override
    public void close() {
        closing = true;
        LockSupport.unpark(sender);
        try {
            sender.join(STOP_MILLIS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
