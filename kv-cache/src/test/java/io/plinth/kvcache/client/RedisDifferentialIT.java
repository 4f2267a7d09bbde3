package io.plinth.kvcache.client;

import static org.assertj.core.api.Assertions.assertThat;

import io.plinth.testkit.RequiresPeer;
import java.io.File;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The same seeded stream of commands to Debian's redis-server and to a node: the same bytes come back. */
@Timeout(90)
@RequiresPeer("redis-server")
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class RedisDifferentialIT {
    private static final int COMMANDS = 8_000;

    private final Cluster node;
    private final Process peer;
    private final int peerPort;

    RedisDifferentialIT(@TempDir Path folder) throws Exception {
        node = Cluster.start(folder, "memory: 64MiB", 1);
        peerPort = Cluster.freePort();
        peer = new ProcessBuilder(
                        "redis-server",
                        "--port",
                        Integer.toString(peerPort),
                        "--bind",
                        "127.0.0.1",
                        "--save",
                        "",
                        "--appendonly",
                        "no",
                        "--dir",
                        folder.toString())
                .redirectErrorStream(true)
                .redirectOutput(new File(folder.toFile(), "redis.log"))
                .start();
        Await.until("redis-server answers", () -> {
            try (RawClient raw = new RawClient(peerPort)) {
                return raw.call("PING").equals("+PONG\r\n");
            } catch (IOException e) {
                return false;
            }
        });
    }

    @AfterAll
    void stop() throws Exception {
        node.close();
        peer.destroy();
        peer.waitFor(10, TimeUnit.SECONDS);
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 4, 5, 6})
    void repliesAreTheSameBytes(long seed) throws Exception {
        try (RawClient ours = new RawClient(node.port(0));
                RawClient theirs = new RawClient(peerPort)) {
            boolean resp3 = seed % 2 == 0;
            both(ours, theirs, List.of("FLUSHALL"));
            if (resp3) {
                ours.call("HELLO", "3");
                theirs.call("HELLO", "3");
            }
            CommandStream stream = new CommandStream(new SplittableRandom(seed));
            List<String> trail = new ArrayList<>();
            for (int i = 0; i < COMMANDS; i++) {
                List<String> command = stream.next();
                trail.add(String.join(" ", command));
                String[] replies = both(ours, theirs, command);
                assertThat(replies[0])
                        .as("seed %d, command %d, after %s", seed, i, trail.subList(Math.max(0, i - 12), i + 1))
                        .isEqualTo(replies[1]);
            }
        }
    }

    private static String[] both(RawClient ours, RawClient theirs, List<String> command) throws IOException {
        String request = RawClient.request(command);
        ours.send(request);
        theirs.send(request);
        String[] replies = {ours.reply(), theirs.reply()};
        if (CommandStream.unordered(command)) {
            replies[0] = sorted(replies[0]);
            replies[1] = sorted(replies[1]);
        }
        return replies;
    }

    private static String sorted(String reply) {
        String[] lines = reply.split("\r\n", -1);
        Arrays.sort(lines);
        return String.join("\r\n", lines);
    }
}
