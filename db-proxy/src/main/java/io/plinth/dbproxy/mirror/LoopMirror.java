package io.plinth.dbproxy.mirror;

import io.netty.channel.EventLoop;
import io.netty.util.concurrent.Future;
import io.plinth.dbproxy.group.GroupPlan;
import io.plinth.dbproxy.group.GroupSender;
import io.plinth.dbproxy.server.CancelSender;
import io.plinth.dbproxy.server.Login;
import io.plinth.dbproxy.server.ServerConnection;
import io.plinth.dbproxy.server.ServerConnector;
import io.plinth.dbproxy.server.ServerKey;
import io.plinth.dbproxy.server.Settings;
import io.plinth.dbproxy.usage.Latencies;
import io.plinth.dbproxy.usage.Usage;
import io.plinth.dbproxy.wire.SqlError;
import io.prometheus.metrics.core.datapoints.CounterDataPoint;
import io.prometheus.metrics.core.metrics.Counter;
import java.util.ArrayDeque;
import java.util.Iterator;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import java.util.function.LongSupplier;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;

/**
 * Sends requests to one mirror from one event loop, which owns it. Its queue and connections are bounded; what does not fit
 * is dropped, so that no client ever waits.
 */
public final class LoopMirror {
    /** Longer requests are not kept for it. */
    private static final int LONGEST_REQUEST = 64 << 10;

    /** How long nothing is sent after it could not be reached. */
    private static final long REST_NANOS = TimeUnit.SECONDS.toNanos(1);

    private final String database;
    private final MirrorConfig config;
    private final EventLoop loop;
    private final ServerConnector connector;
    private final Usage usage;
    private final RandomGenerator random;
    private final LongSupplier nanoTime;
    private final CounterDataPoint same;
    private final CounterDataPoint mirrorFailed;
    private final CounterDataPoint clientFailed;
    private final CounterDataPoint dropped;
    private final Latencies.Recorder ofClients;
    private final Latencies.Recorder ofMirror;
    private final ArrayDeque<Shot> queue = new ArrayDeque<>();
    private final ArrayDeque<ServerConnection> idle = new ArrayDeque<>();
    private int open;
    private long restUntil;
    private boolean closed;

    LoopMirror(
            String database,
            MirrorConfig config,
            EventLoop loop,
            ServerConnector connector,
            Usage usage,
            RandomGenerator random,
            LongSupplier nanoTime,
            Counter outcomes,
            Function<String, Latencies.Recorder> recorders) {
        this.database = database;
        this.config = config;
        this.loop = loop;
        this.connector = connector;
        this.usage = usage;
        this.random = random;
        this.nanoTime = nanoTime;
        this.same = outcomes.labelValues(database, "same");
        this.mirrorFailed = outcomes.labelValues(database, "mirror_failed");
        this.clientFailed = outcomes.labelValues(database, "client_failed");
        this.dropped = outcomes.labelValues(database, "dropped");
        this.ofClients = recorders.apply("client");
        this.ofMirror = recorders.apply("mirror");
        this.restUntil = nanoTime.getAsLong();
    }

    /** Takes a read that is a transaction by itself, perhaps; the answer is told what the client's server says. */
    public @Nullable Shot take(GroupPlan plan, Settings settings, Login login) {
        assert loop.inEventLoop() : "mirror used off its event loop";
        if (config.percent() < 100 && random.nextInt(100) >= config.percent()) {
            return null;
        }
        boolean rests = nanoTime.getAsLong() - restUntil < 0;
        if (closed || rests || queue.size() > config.queue() || size(plan) > LONGEST_REQUEST) {
            dropped.inc();
            return null;
        }
        Shot shot = new Shot(plan, settings, login, this);
        queue.add(shot);
        // Not within the client's own work.
        loop.execute(this::feed);
        return shot;
    }

    private static long size(GroupPlan plan) {
        long size = 0;
        for (GroupPlan.Step step : plan.steps()) {
            size += step.message().size();
        }
        return size;
    }

    private void feed() {
        Shot first = queue.peek();
        while (first != null && !closed) {
            ServerConnection connection = idleFor(first.login());
            if (connection == null) {
                connect(first.login());
                return;
            }
            queue.remove();
            send(connection, first);
            first = queue.peek();
        }
    }

    private @Nullable ServerConnection idleFor(Login login) {
        for (Iterator<ServerConnection> all = idle.iterator(); all.hasNext(); ) {
            ServerConnection connection = all.next();
            if (connection.key().login().equals(login)) {
                all.remove();
                return connection;
            }
        }
        return null;
    }

    private void connect(Login login) {
        if (open >= config.connections()) {
            ServerConnection other = idle.poll();
            if (other == null) {
                return;
            }
            other.close();
        }
        open++;
        String named = config.database();
        ServerKey key = new ServerKey(
                database, database + "/mirror", "mirror", false, config.at(), named == null ? database : named, login);
        connector.connect(key, loop, config.timeout(), new ServerConnector.Outcome() {
            @Override
            public void connected(ServerConnection connection) {
                connection.onClose(() -> {
                    open--;
                    idle.remove(connection);
                });
                if (closed) {
                    connection.close();
                } else {
                    idle.add(connection);
                    feed();
                }
            }

            @Override
            public void failed(SqlError why) {
                open--;
                restUntil = nanoTime.getAsLong() + REST_NANOS;
                queue.forEach(shot -> shot.mirrored(0, true));
                queue.clear();
            }
        });
    }

    private void send(ServerConnection connection, Shot shot) {
        Future<?> deadline =
                loop.schedule(() -> giveUp(connection), config.timeout().toMillis(), TimeUnit.MILLISECONDS);
        long began = nanoTime.getAsLong();
        connection.attach(new ThrownAway(failed -> {
            deadline.cancel(false);
            shot.mirrored(nanoTime.getAsLong() - began, failed);
            connection.detach(nanoTime.getAsLong());
            // Not within the read that has brought the answer.
            loop.execute(() -> back(connection));
        }));
        String changes = connection.applied().towards(shot.settings());
        if (!changes.isEmpty()) {
            connection.inject(changes, outcome -> {
                if (outcome.error() != null) {
                    connection.close();
                }
            });
        }
        connection.applied(shot.settings());
        connection.onClose(() -> {
            open--;
            idle.remove(connection);
            deadline.cancel(false);
            shot.mirrored(nanoTime.getAsLong() - began, true);
            loop.execute(this::feed);
        });
        new GroupSender(connection, usage).group(shot.plan());
    }

    /** A server that only loses its client goes on with the query: it is told to end it, and has a rest. */
    private void giveUp(ServerConnection connection) {
        restUntil = nanoTime.getAsLong() + REST_NANOS;
        new CancelSender(connector).cancel(connection.key(), loop, connection.identity());
        connection.close();
    }

    private void back(ServerConnection connection) {
        if (closed || !connection.reusable()) {
            connection.close();
        } else {
            idle.addFirst(connection);
            feed();
        }
    }

    void compared(long clientNanos, boolean failedThere, long mirrorNanos, boolean failedHere) {
        (failedHere == failedThere ? same : failedHere ? mirrorFailed : clientFailed).inc();
        if (!failedHere && !failedThere) {
            ofClients.record(clientNanos);
            ofMirror.record(mirrorNanos);
        }
    }

    /** Nothing is sent any more; any thread. */
    void close() {
        loop.execute(() -> {
            closed = true;
            queue.clear();
            new ArrayDeque<>(idle).forEach(ServerConnection::close);
        });
    }
}
