package io.plinth.dbproxy;

import static org.assertj.core.api.Assertions.assertThat;

import io.plinth.testkit.Peer;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/** Runs a program of this machine to its end. */
final class Program {
    private Program() {}

    /** What it prints, both ways; fails when it does not end well. */
    static String run(Map<String, String> environment, String name, String... arguments)
            throws IOException, InterruptedException {
        Outcome outcome = attempt(environment, name, arguments);
        assertThat(outcome.code).as(outcome.output).isZero();
        return outcome.output;
    }

    record Outcome(int code, String output) {}

    static Outcome attempt(Map<String, String> environment, String name, String... arguments)
            throws IOException, InterruptedException {
        List<String> command = new ArrayList<>(List.of(Peer.path(name).toString()));
        command.addAll(List.of(arguments));
        ProcessBuilder builder = new ProcessBuilder(command).redirectErrorStream(true);
        builder.environment().putAll(environment);
        Process process = builder.start();
        process.getOutputStream().close();
        String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        if (!process.waitFor(Cluster.PATIENCE.toSeconds(), TimeUnit.SECONDS)) {
            process.destroyForcibly();
        }
        return new Outcome(process.exitValue(), output);
    }

    /** psql without a terminal's decoration: a line for the columns, then one for each row. */
    static Outcome psql(int port, String user, String password, String database, String command)
            throws IOException, InterruptedException {
        return attempt(
                Map.of("PGPASSWORD", password, "PGCONNECT_TIMEOUT", "20"),
                "psql",
                "-X",
                "-A",
                "-P",
                "footer=off",
                "-h",
                "127.0.0.1",
                "-p",
                String.valueOf(port),
                "-U",
                user,
                "-d",
                database,
                "-c",
                command);
    }
}
