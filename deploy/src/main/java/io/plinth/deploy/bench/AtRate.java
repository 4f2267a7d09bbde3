package io.plinth.deploy.bench;

import io.plinth.deploy.DeployException;
import io.plinth.deploy.bench.harness.Bench;
import io.plinth.deploy.bench.harness.Stage;
import io.plinth.deploy.bench.harness.WrkLoad;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/**
 * GETs at a rate, by {@link HttpLoad}: 60 % of what the weakest server does at most, measured once before. With {@code idle} the
 * connections ask once and stay. Owned by the command.
 */
final class AtRate implements Bench.Load {
    private static final double SHARE = 0.6;
    private static final Duration PROBE = Duration.ofSeconds(5);
    private static final int PROBES = 3;

    private final Stage stage;
    private final List<Bench.Contender> all;
    private final int connections;
    private final boolean idle;
    private long rate;

    AtRate(Stage stage, List<Bench.Contender> all, int connections, boolean idle) {
        this.stage = stage;
        this.all = all;
        this.connections = connections;
        this.idle = idle;
    }

    @Override
    public void prepare(Bench.Contender server) throws IOException, DeployException, InterruptedException {
        if (rate != 0 || idle) {
            return;
        }
        double least = Double.MAX_VALUE;
        WrkLoad probe = new WrkLoad(stage, Origin.SMALL, connections);
        for (Bench.Contender each : all) {
            double most = 0;
            for (int i = 0; i < PROBES; i++) {
                Bench.Outcome outcome = probe.run(each, PROBE);
                most = Math.max(most, outcome.requests() * 1e9 / outcome.took().toNanos());
            }
            least = Math.min(least, most);
        }
        rate = Math.max(1, Math.round(least * SHARE));
    }

    @Override
    public Bench.Outcome run(Bench.Contender server, Duration time)
            throws IOException, DeployException, InterruptedException {
        List<String> command = new ArrayList<>(List.of(stage.installation().java()));
        command.addAll(stage.installation().options());
        command.addAll(List.of(
                "-Xmx128m",
                "-cp",
                stage.installation().classPath(),
                HttpLoad.class.getName(),
                String.valueOf(server.address().getPort()),
                Origin.SMALL,
                String.valueOf(connections),
                String.valueOf(time.toSeconds()),
                String.valueOf(idle ? 0 : rate)));
        return stage.load("HTTP load at " + rate + "/s", command);
    }
}
