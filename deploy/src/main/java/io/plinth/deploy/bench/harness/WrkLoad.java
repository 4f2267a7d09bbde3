package io.plinth.deploy.bench.harness;

import io.plinth.deploy.DeployException;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;

/** HTTP GETs of one path by wrk over kept connections. Immutable. */
public final class WrkLoad implements Bench.Load {
    private final Stage stage;
    private final Function<Bench.Contender, String> url;
    private final int connections;
    private final List<String> options;

    public WrkLoad(Stage stage, String path, int connections) {
        this(stage, server -> "http://127.0.0.1:" + server.address().getPort() + path, connections, List.of());
    }

    /** GETs of the page that a server has, with further options of wrk. */
    public WrkLoad(Stage stage, Function<Bench.Contender, String> url, int connections, List<String> options) {
        this.stage = stage;
        this.url = url;
        this.connections = connections;
        this.options = List.copyOf(options);
    }

    @Override
    public Bench.Outcome run(Bench.Contender server, Duration time)
            throws IOException, DeployException, InterruptedException {
        String page = url.apply(server);
        int threads = Math.max(1, Math.min(connections, stage.cores().load().size()));
        List<String> command = new ArrayList<>(List.of(
                stage.program("wrk").orElse("wrk"),
                "--threads=" + threads,
                "--connections=" + connections,
                "--duration=" + time.toSeconds() + "s",
                // On a busy machine a slow answer is slow, not wrong.
                "--timeout=30s",
                "--script=" + stage.shipped("wrk.lua")));
        command.addAll(options);
        command.add(page);
        return stage.load("wrk " + page, command);
    }
}
