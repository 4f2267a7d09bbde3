package io.plinth.deploy.bench;

import io.plinth.deploy.DeployException;
import io.plinth.deploy.bench.harness.Bench;
import io.plinth.deploy.bench.harness.Stage;
import io.plinth.deploy.process.Procfs;
import java.io.BufferedReader;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;

/**
 * Open WebSockets over many reloads of a file that changes each time: none may be lost, and the memory held after the last may not
 * be a tenth more than after the first fiftieth. What it reports as latency is how long a reload takes. Immutable.
 */
final class SocketsOverReloads implements Bench.Load {
    private static final int SOCKETS = 9000;
    private static final int RELOADS = 500;
    private static final int SETTLED = 50;
    private static final double GROWTH = 1.1;

    private final Stage stage;
    private final Path file;
    private final int admin;

    SocketsOverReloads(Stage stage, Path file, int admin) {
        this.stage = stage;
        this.file = file;
        this.admin = admin;
    }

    @Override
    public Bench.Outcome run(Bench.Contender server, Duration time)
            throws IOException, DeployException, InterruptedException {
        List<String> command = stage.installation()
                .command(
                        SocketHold.class,
                        96,
                        List.of(String.valueOf(server.address().getPort()), String.valueOf(SOCKETS)));
        Process holder = stage.call(stage.cores().load(), command);
        try (BufferedReader says = holder.inputReader(StandardCharsets.US_ASCII);
                HttpClient http = HttpClient.newHttpClient()) {
            expect(says, "READY " + SOCKETS);
            String text = Files.readString(file);
            long settled = 0;
            long[] micros = new long[RELOADS];
            long begun = System.nanoTime();
            for (int i = 0; i < RELOADS; i++) {
                Files.writeString(
                        file,
                        text.replace("routes: {", "routes: { changed: { host: h" + i + ".example, pool: origin },"));
                long at = System.nanoTime();
                reload(http);
                micros[i] = (System.nanoTime() - at) / 1000;
                if (i == SETTLED) {
                    settled = Procfs.ofThisMachine()
                            .residentBytes(server.process().pid());
                }
            }
            Duration took = Duration.ofNanos(System.nanoTime() - begun);
            holder.getOutputStream().write('\n');
            holder.getOutputStream().flush();
            expect(says, "OPEN " + SOCKETS);
            long after = Procfs.ofThisMachine().residentBytes(server.process().pid());
            java.util.Arrays.sort(micros);
            return new Bench.Outcome(
                    took,
                    RELOADS,
                    micros[RELOADS / 2],
                    micros[RELOADS * 99 / 100],
                    after > settled * GROWTH ? "resident-MiB=" + (settled >> 20) + "-to-" + (after >> 20) : "");
        } finally {
            holder.destroyForcibly();
        }
    }

    /** The next line that begins as this one; what logs is passed over. */
    private static void expect(BufferedReader says, String line) throws IOException, DeployException {
        String word = line.substring(0, line.indexOf(' ') + 1);
        String said = says.readLine();
        while (said != null && !said.startsWith(word)) {
            said = says.readLine();
        }
        if (!line.equals(said)) {
            throw new DeployException("WebSockets: " + said + " (expected: " + line + ")");
        }
    }

    private void reload(HttpClient http) throws IOException, DeployException, InterruptedException {
        HttpRequest request = HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + admin + "/reload"))
                .POST(HttpRequest.BodyPublishers.noBody())
                .build();
        int status = http.send(request, BodyHandlers.ofString()).statusCode();
        if (status / 100 != 2) {
            throw new DeployException("reload: " + status + " (expected: 200)");
        }
    }
}
