package io.plinth.lbproxy;

import static org.assertj.core.api.Assertions.assertThat;

import io.plinth.testkit.FreePort;
import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * Autobahn's client with its WebSocket cases, through the proxy, at their own server that echoes: the profile {@code autobahn} runs all of
 * them, 20 minutes; its name keeps it out of every other build. Their server serves its
 * own port's name only. The suite is Python, which Jython runs in processes of their own.
 */
@Timeout(value = 40, unit = TimeUnit.MINUTES)
class AutobahnCases {
    private static final Pattern CASE = Pattern.compile("\"([0-9]+(?:\\.[0-9]+)+)\": \\{([^}]*)}");
    private static final Pattern BEHAVIOR = Pattern.compile("\"behavior(?:Close)?\": \"([^\"]*)\"");
    /** A wrong frame follows a right one: what the server read together it may refuse without an echo of the first. */
    private static final String FAILS_AT_ONCE = "(3|4\\.[12]|5)\\.[0-9]+";

    private static final String SERVER = """
        import sys
        from autobahntestsuite import wstest
        wstest.start({'mode': 'echoserver', 'wsuri': sys.argv[1], 'key': None, 'cert': None, 'debug': False,
                'webport': 0}, None)
        """;
    private static final String CLIENT = """
        import sys
        from autobahntestsuite import wstest
        spec = {'options': {'failByDrop': False}, 'outdir': sys.argv[3], 'cases': sys.argv[2].split(','), 'exclude-cases': [],
                'exclude-agent-cases': {}, 'servers': [{'agent': 'lb-proxy', 'url': sys.argv[1], 'options': {'version': 18}}]}
        wstest.start({'mode': 'fuzzingclient'}, spec)
        """;

    @TempDir
    Path folder;

    private Process python(String log, String script, String... arguments) throws IOException {
        List<String> command = new ArrayList<>(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-cp",
                System.getProperty("java.class.path"),
                "org.python.util.jython",
                Files.writeString(folder.resolve(log + ".py"), script).toString()));
        command.addAll(List.of(arguments));
        return new ProcessBuilder(command)
                .redirectErrorStream(true)
                .redirectOutput(folder.resolve(log).toFile())
                .start();
    }

    @Test
    void everyCaseGoesThrough() throws Exception {
        int port = FreePort.find();
        Path reports = folder.resolve("reports");
        Process server = python("server", SERVER, "ws://127.0.0.1:" + port);
        try (Proxy proxy = Proxy.start(folder, """
              routes: { all: { pool: web, request-headers: { set: { Host: "127.0.0.1:%d" } } } }
              pools: { web: { servers: { s: "127.0.0.1:%d" } } }
            """.formatted(port, port))) {
            awaitListening(port, server);
            Process suite = python(
                    "client",
                    CLIENT,
                    "ws://127.0.0.1:" + proxy.address().getPort(),
                    System.getProperty("autobahn.cases"),
                    reports.toString());
            try {
                assertThat(suite.waitFor(40, TimeUnit.MINUTES)).isTrue();
            } finally {
                suite.destroyForcibly();
            }
        } finally {
            server.destroyForcibly();
        }
        check(reports);
    }

    private static void awaitListening(int port, Process process) throws InterruptedException {
        while (process.isAlive()) {
            try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), port)) {
                assertThat(socket.isConnected()).isTrue();
                return;
            } catch (IOException e) {
                Thread.sleep(100);
            }
        }
    }

    private void check(Path reports) throws Exception {
        assertThat(reports.resolve("index.json"))
                .as(Files.readString(folder.resolve("client")))
                .exists();
        TreeMap<String, Integer> counts = new TreeMap<>();
        List<String> bad = new ArrayList<>();
        Matcher cases = CASE.matcher(Files.readString(reports.resolve("index.json")));
        while (cases.find()) {
            Matcher behaviors = BEHAVIOR.matcher(cases.group(2));
            while (behaviors.find()) {
                String behavior = behaviors.group(1);
                counts.merge(behavior, 1, Integer::sum);
                boolean strict =
                        !behavior.equals("NON-STRICT") || !cases.group(1).matches(FAILS_AT_ONCE);
                if (strict && !behavior.equals("OK") && !behavior.equals("INFORMATIONAL")) {
                    bad.add(cases.group(1) + " " + behavior);
                }
            }
        }
        assertThat(bad).as("of " + counts).isEmpty();
        assertThat(counts.getOrDefault("OK", 0)).isPositive();
    }
}
