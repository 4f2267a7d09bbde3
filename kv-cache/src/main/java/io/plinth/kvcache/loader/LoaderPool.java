package io.plinth.kvcache.loader;

import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/** A loader with the threads that ask it, so many at a time, and the circuit that leaves it alone when it fails. */
public final class LoaderPool implements AutoCloseable {
    private static final int IDLE_SECONDS = 10;
    private static final int LAST_MILLIS = 2_000;

    private final String name;
    private final Loader loader;
    private final ThreadPoolExecutor threads;
    private final Circuit circuit;
    private final int failures;
    private final long timeoutMillis;
    private final long leaseMillis;

    public LoaderPool(String name, LoaderConfig config, Loader loader, ThreadFactory factory, LongSupplier nanos) {
        this.name = name;
        this.loader = loader;
        this.failures = config.failures();
        this.timeoutMillis = config.timeout().toMillis();
        this.leaseMillis = Math.max(config.lease().toMillis(), config.timeout().toMillis());
        this.threads = new ThreadPoolExecutor(
                config.concurrency(),
                config.concurrency(),
                IDLE_SECONDS,
                TimeUnit.SECONDS,
                new LinkedBlockingQueue<>(config.waiting()),
                factory);
        threads.allowCoreThreadTimeOut(true);
        this.circuit = new Circuit(config.failures(), config.open().toNanos(), nanos);
    }

    /** A loader as the file describes it. */
    public static Loader loader(String name, LoaderConfig config) {
        LoaderConfig.SqlConfig sql = config.postgres();
        long maxValue = config.maxValue().bytes();
        if (sql != null) {
            return new PostgresLoader(name, sql, config.timeout(), config.concurrency(), maxValue);
        }
        return new HttpLoader(
                String.valueOf(config.http()),
                config.authorization() == null ? null : config.authorization().reveal(),
                config.timeout(),
                maxValue,
                config.cacheControl());
    }

    /** How many writes for later it is given at a time: reads have threads left, but where there is one only. */
    int mostForLater() {
        return Math.max(1, threads.getCorePoolSize() / 2);
    }

    /** How many questions it is asked at a time. */
    int concurrency() {
        return threads.getCorePoolSize();
    }

    /** How long one question may take. */
    long timeoutMillis() {
        return timeoutMillis;
    }

    /** How long one may have its key's lease. */
    long leaseMillis() {
        return leaseMillis;
    }

    public String name() {
        return name;
    }

    /** Has a thread do something; false where too much waits already. */
    public boolean run(Runnable work) {
        try {
            threads.execute(work);
            return true;
        } catch (RejectedExecutionException e) {
            return false;
        }
    }

    /** Questions under way. */
    public int busy() {
        return threads.getActiveCount();
    }

    /** Questions that wait. */
    public int waiting() {
        return threads.getQueue().size();
    }

    /** Whether the loader is left alone. */
    public boolean open() {
        return circuit.isOpen();
    }

    private interface Question<T> {
        T ask() throws LoaderException;
    }

    private <T> T ask(Question<T> question) throws LoaderException {
        if (!circuit.admits()) {
            throw LoaderException.refused("left alone after " + failures + " failures");
        }
        boolean well = false;
        try {
            T answer = question.ask();
            well = true;
            return answer;
        } catch (LoaderException e) {
            well = !e.faulty();
            throw e;
        } finally {
            if (well) {
                circuit.succeeded();
            } else {
                circuit.failed();
            }
        }
    }

    /** The value of a key, or that there is none. On a thread that may wait. */
    public Answer load(LoaderKey key) throws LoaderException {
        return ask(() -> loader.load(key));
    }

    /** Stores a value, or removes it where null. On a thread that may wait. */
    public void write(LoaderKey key, byte @Nullable [] value) throws LoaderException {
        ask(() -> {
            if (value == null) {
                loader.remove(key);
            } else {
                loader.store(key, value);
            }
            return key;
        });
    }

    @Override
    public void close() {
        threads.shutdownNow();
        try {
            threads.awaitTermination(LAST_MILLIS, TimeUnit.MILLISECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        loader.close();
    }
}
