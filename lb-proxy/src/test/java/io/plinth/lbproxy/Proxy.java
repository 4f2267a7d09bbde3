package io.plinth.lbproxy;

import io.plinth.kit.config.ConfigException;
import io.plinth.kit.config.StackFile;
import io.plinth.kit.config.StackFiles;
import io.plinth.kit.lifecycle.NodeRunner;
import io.plinth.kit.lifecycle.RunningNode;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;

/** An lb-proxy node in this JVM, from a file as a user would write it. */
final class Proxy implements AutoCloseable {
    private static final String FILE = """
        stack: test
        nodes:
          lb: { run: lb-proxy, admin: 127.0.0.1:0, loops: LOOPS }
        lb-proxy:
        """;

    private static final Duration PATIENCE = Duration.ofSeconds(60);

    private final Path file;
    private final int loops;
    final RunningNode node;

    private Proxy(Path file, int loops, RunningNode node) {
        this.file = file;
        this.loops = loops;
        this.node = node;
    }

    /** Starts it with this section; a listener {@code public} is added. */
    static Proxy start(Path folder, String section) throws Exception {
        return start(folder, section, 2);
    }

    static Proxy start(Path folder, String section, int loops) throws Exception {
        Path file = folder.resolve("plinth.yaml");
        write(file, section, loops);
        return new Proxy(file, loops, NodeRunner.start(LbProxyMain.TYPE, read(file), "lb"));
    }

    /** With one pool {@code web} of these servers for everything. */
    static Proxy of(Path folder, Origin... origins) throws Exception {
        return start(folder, section("", origins));
    }

    static String section(String further, Origin... origins) {
        StringBuilder servers = new StringBuilder();
        for (int i = 0; i < origins.length; i++) {
            servers.append(i == 0 ? "" : ", ")
                    .append("s")
                    .append(i)
                    .append(": ")
                    .append(origins[i].at());
        }
        return """
              routes: { all: { pool: web } }
              pools:
                web: { servers: { %s }, balance: round-robin }
            """.formatted(servers) + further.indent(2);
    }

    private static void write(Path file, String section, int loops) throws IOException {
        Files.writeString(
                file,
                FILE.replace("LOOPS", String.valueOf(loops))
                        + (section.contains("listeners:") ? "" : "  listeners: { public: { bind: 127.0.0.1:0 } }\n")
                        + section);
    }

    private static StackFile read(Path file) throws ConfigException {
        return StackFiles.read(file, List.of(LbProxyMain.TYPE), Map.of(), Map.of());
    }

    void reload(String section) throws Exception {
        write(file, section, loops);
        node.reload(read(file)).get(20, TimeUnit.SECONDS);
    }

    InetSocketAddress address() {
        return address("public");
    }

    InetSocketAddress address(String listener) {
        return Objects.requireNonNull(node.listening().get(listener));
    }

    Http connect() throws IOException {
        return Http.to(address());
    }

    String metrics() throws Exception {
        return admin("/metrics");
    }

    String admin(String path) throws Exception {
        try (HttpClient client = HttpClient.newHttpClient()) {
            URI uri = URI.create("http://127.0.0.1:" + node.admin().getPort() + path);
            return client.send(HttpRequest.newBuilder(uri).build(), BodyHandlers.ofString())
                    .body();
        }
    }

    /** Waits until it holds; fails after 20 s. */
    static void await(String what, BooleanSupplier condition) throws InterruptedException {
        long deadline = System.nanoTime() + PATIENCE.toNanos();
        while (!condition.getAsBoolean()) {
            if (System.nanoTime() - deadline > 0) {
                throw new AssertionError("not within " + PATIENCE + ": " + what);
            }
            Thread.sleep(10);
        }
    }

    @Override
    public void close() {
        node.close();
    }
}
