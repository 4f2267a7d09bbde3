package io.plinth.deploy.bench.harness;

import io.plinth.deploy.DeployException;
import java.io.IOException;
import java.time.Duration;
import java.util.List;

/** HTTP GETs of one path by wrk over kept connections. Immutable. */
public final class WrkLoad implements Bench.Load {
    private final Stage stage;
    private final String path;
    private final int connections;

    public WrkLoad(Stage stage, String path, int connections) {
        this.stage = stage;
        this.path = path;
        this.connections = connections;
    }

    @Override
    public Bench.Outcome run(Bench.Contender server, Duration time)
            throws IOException, DeployException, InterruptedException {
        String url = "http://127.0.0.1:" + server.address().getPort() + path;
        int threads = Math.max(1, Math.min(connections, stage.cores().load().size()));
        List<String> command = List.of(
                stage.program("wrk").orElse("wrk"),
                "--threads=" + threads,
                "--connections=" + connections,
                "--duration=" + time.toSeconds() + "s",
                // On a busy machine a slow answer is slow, not wrong.
                "--timeout=30s",
                "--script=" + stage.shipped("wrk.lua"),
                url);
        return stage.load("wrk " + url, command);
    }
}
