package io.plinth.kit.health;

import io.netty.channel.Channel;
import io.netty.channel.EventLoop;
import io.netty.util.concurrent.ScheduledFuture;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** One server under watch. Owned by its event loop; {@link #eject}, {@link #soonestChange} and {@link #close} may be called from any thread. */
public final class Watch implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(Watch.class);

    private final String name;
    private final InetSocketAddress target;
    private final HealthCheckConfig check;
    private final EventLoop loop;
    private final ProbeClient client;
    private final RandomGenerator random;
    private final Consumer<Boolean> onChange;
    private final RiseFall state;
    private @Nullable ScheduledFuture<?> next;
    private @Nullable Channel probing;
    private boolean closed;
    private volatile int resultsToChange = 1;

    Watch(
            String name,
            InetSocketAddress target,
            HealthCheckConfig check,
            EventLoop loop,
            ProbeClient client,
            RandomGenerator random,
            Consumer<Boolean> onChange) {
        this.name = name;
        this.target = target;
        this.check = check;
        this.loop = loop;
        this.client = client;
        this.random = random;
        this.onChange = onChange;
        this.state = new RiseFall(check.rise(), check.fall());
    }

    void probe() {
        assert loop.inEventLoop();
        if (!closed) {
            probing = client.probe(loop, target, check, this::probed);
        }
    }

    private void probed(ProbeResult result) {
        assert loop.inEventLoop();
        if (closed) {
            return;
        }
        boolean changed = state.report(result.success());
        resultsToChange = state.resultsToChange();
        if (changed) {
            changed(result.success(), result.reason());
        }
        next = loop.schedule(this::probe, jittered(), TimeUnit.MILLISECONDS);
    }

    private void changed(boolean up, String reason) {
        LOG.info("{} at {} is {}: {}", name, target, up ? "up" : "down", reason);
        onChange.accept(up);
    }

    private long jittered() {
        long interval = check.interval().toMillis();
        long tenth = Math.max(1, interval / 10);
        return interval + random.nextLong(-tenth, tenth + 1);
    }

    /** The least time until the verdict may be another, if each result from now on is against it; any thread. */
    public Duration soonestChange() {
        return check.interval().multipliedBy(resultsToChange);
    }

    /** Takes the server out now, for a reason better than a probe's (a refused connect); probes bring it back. */
    public void eject(String reason) {
        onLoop(() -> {
            if (!closed && state.eject()) {
                resultsToChange = state.resultsToChange();
                changed(false, reason);
            }
        });
    }

    /** Ends the watch; {@code onChange} is not called any more once this ran on the loop. */
    @Override
    public void close() {
        onLoop(() -> {
            closed = true;
            if (next != null) {
                next.cancel(false);
            }
            if (probing != null) {
                probing.close();
            }
        });
    }

    private void onLoop(Runnable task) {
        if (loop.inEventLoop()) {
            task.run();
        } else if (!loop.isShuttingDown()) {
            loop.execute(task);
        }
    }
}
