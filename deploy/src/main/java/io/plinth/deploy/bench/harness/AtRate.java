package io.plinth.deploy.bench.harness;

import io.plinth.deploy.DeployException;
import java.io.IOException;
import java.time.Duration;
import java.util.List;

/**
 * A load at a rate that all can keep up with: a share of what the weakest server does at most, measured once before. Owned by the
 * command.
 */
public final class AtRate implements Bench.Load {
    private static final Duration PROBE = Duration.ofSeconds(5);
    private static final int PROBES = 3;

    /** The load itself. */
    public interface Rated {
        /** {@code rate}: requests a second, asked when they are due. */
        Bench.Outcome run(Bench.Contender server, Duration time, long rate)
                throws IOException, DeployException, InterruptedException;
    }

    private final double share;
    private final List<Bench.Contender> all;
    private final Bench.Load probe;
    private final Rated load;
    private long rate;

    /**
     * Measures when it is first prepared.
     *
     * @param share of what the weakest does
     * @param all who takes it; filled by then
     * @param probe the same requests, as fast as they are answered
     */
    public AtRate(double share, List<Bench.Contender> all, Bench.Load probe, Rated load) {
        this.share = share;
        this.all = all;
        this.probe = probe;
        this.load = load;
    }

    @Override
    public void prepare(Bench.Contender server) throws IOException, DeployException, InterruptedException {
        if (rate != 0) {
            return;
        }
        double least = Double.MAX_VALUE;
        for (Bench.Contender each : all) {
            double most = 0;
            for (int i = 0; i < PROBES; i++) {
                Bench.Outcome outcome = probe.run(each, PROBE);
                most = Math.max(most, outcome.requests() * 1e9 / outcome.took().toNanos());
            }
            least = Math.min(least, most);
        }
        rate = Math.max(1, Math.round(least * share));
    }

    @Override
    public Bench.Outcome run(Bench.Contender server, Duration time)
            throws IOException, DeployException, InterruptedException {
        return load.run(server, time, rate);
    }
}
