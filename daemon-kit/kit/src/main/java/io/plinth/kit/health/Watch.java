package io.plinth.kit.health;

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

/**
 * One server under watch. Owned by its event loop; {@link #eject}, {@link #soonestChange}, {@link #weight} and
 * {@link #close} may be called from any thread.
 */
public final class Watch implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(Watch.class);

    /** When a change is not foretold by anything. */
    private static final Duration NEVER = Duration.ofSeconds(Integer.MAX_VALUE);

    private final String name;
    private final InetSocketAddress target;
    private final HealthCheckConfig check;
    private final EventLoop loop;
    private final Prober prober;
    private final RandomGenerator random;
    private final Consumer<Boolean> onChange;
    private final RiseFall state;
    private @Nullable ScheduledFuture<?> next;
    private @Nullable Runnable giveUp;
    private boolean closed;
    private volatile int resultsToChange = 1;
    private volatile int holdsSeconds = ProbeResult.UNKNOWN;
    private volatile int weight = ProbeResult.FULL;

    Watch(
            String name,
            InetSocketAddress target,
            HealthCheckConfig check,
            EventLoop loop,
            Prober prober,
            RandomGenerator random,
            Consumer<Boolean> onChange) {
        this.name = name;
        this.target = target;
        this.check = check;
        this.loop = loop;
        this.prober = prober;
        this.random = random;
        this.onChange = onChange;
        this.state = new RiseFall(check.rise(), check.fall());
    }

    void probe() {
        assert loop.inEventLoop();
        if (!closed) {
            giveUp = prober.probe(loop, name, target, check, this::probed);
        }
    }

    private void probed(ProbeResult result) {
        assert loop.inEventLoop();
        if (closed) {
            return;
        }
        boolean changed = state.report(result.success());
        resultsToChange = state.resultsToChange();
        holdsSeconds = result.holdsSeconds();
        boolean shifted = weight != result.weight();
        weight = result.weight();
        if (changed) {
            changed(result.success(), result.reason());
        } else if (shifted) {
            onChange.accept(state.verdict() == RiseFall.Verdict.UP);
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
        if (check.isDirect()) {
            int holds = holdsSeconds;
            return holds == ProbeResult.UNKNOWN ? NEVER : Duration.ofSeconds(holds);
        }
        return check.interval().multipliedBy(resultsToChange);
    }

    /** The share of its usual traffic that the server wants, in percent; 100 where the probe does not tell. */
    public int weight() {
        return weight;
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
            if (giveUp != null) {
                giveUp.run();
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
