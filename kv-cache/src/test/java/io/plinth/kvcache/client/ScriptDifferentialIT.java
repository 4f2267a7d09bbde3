package io.plinth.kvcache.client;

import static org.assertj.core.api.Assertions.assertThat;

import io.plinth.testkit.FreePort;
import io.plinth.testkit.RequiresPeer;
import java.io.File;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The same scripts to Debian's redis-server and to a node: the same bytes come back, errors word for word. */
@Timeout(90)
@RequiresPeer("redis-server")
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class ScriptDifferentialIT {
    private final Cluster node;
    private final Process peer;
    private final int peerPort;

    ScriptDifferentialIT(@TempDir Path folder) throws Exception {
        node = Cluster.start(folder, "memory: 64MiB", 1);
        peerPort = FreePort.find();
        peer = new ProcessBuilder(
                        "redis-server",
                        "--port",
                        Integer.toString(peerPort),
                        "--bind",
                        "127.0.0.1",
                        "--save",
                        "",
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

    /** One script a line; {@code \n} stands for a line end and {@code \e} for a backslash. */
    private static List<String> corpus() throws IOException {
        try (InputStream in = ScriptDifferentialIT.class.getResourceAsStream("scripts.txt")) {
            String text = new String(Objects.requireNonNull(in).readAllBytes(), StandardCharsets.ISO_8859_1);
            return text.lines()
                    .map(line -> line.replace("\\n", "\n").replace("\\e", "\\"))
                    .toList();
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {2, 3})
    void everyScriptOfTheCorpusAnswersTheSame(int version) throws Exception {
        List<String> corpus = corpus();
        assertThat(corpus).hasSizeGreaterThan(600);
        List<String> different = new ArrayList<>();
        try (RawClient ours = new RawClient(node.port(0));
                RawClient theirs = new RawClient(peerPort)) {
            ours.call("HELLO", Integer.toString(version));
            theirs.call("HELLO", Integer.toString(version));
            for (String script : corpus) {
                String[] replies = new String[2];
                int i = 0;
                for (RawClient client : List.of(ours, theirs)) {
                    client.call("FLUSHALL");
                    replies[i++] = client.call("EVAL", script, "2", "k1", "{k1}2", "a1", "10");
                }
                if (!replies[0].equals(replies[1])) {
                    different.add(script + "\n  here  " + replies[0] + "\n  Redis " + replies[1]);
                }
            }
        }
        assertThat(different).isEmpty();
    }

    @ParameterizedTest
    @ValueSource(ints = {2, 3})
    void scriptsOfLibrariesAnswerTheSame(int version) throws Exception {
        compare(version, RealScripts.calls());
    }

    @ParameterizedTest
    @ValueSource(ints = {2, 3})
    void functionsAnswerTheSame(int version) throws Exception {
        compare(version, RealScripts.functions());
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 4})
    void randomScriptsAnswerTheSame(long seed) throws Exception {
        RandomScripts random = new RandomScripts(seed);
        try (RawClient ours = new RawClient(node.port(0));
                RawClient theirs = new RawClient(peerPort)) {
            for (int i = 0; i < 400; i++) {
                String script = random.next();
                String here = ours.call("EVAL", script, "0");
                assertThat(here).as("seed %d: %s", seed, script).isEqualTo(theirs.call("EVAL", script, "0"));
            }
        }
    }

    private void compare(int version, List<List<String>> calls) throws IOException {
        try (RawClient ours = new RawClient(node.port(0));
                RawClient theirs = new RawClient(peerPort)) {
            for (RawClient client : List.of(ours, theirs)) {
                client.call("HELLO", Integer.toString(version));
                client.call("FLUSHALL");
                client.call("FUNCTION", "FLUSH");
                client.call("SCRIPT", "FLUSH");
            }
            for (List<String> call : calls) {
                String[] words = call.toArray(String[]::new);
                String here = ours.call(words);
                assertThat(here).as("%s", call).isEqualTo(theirs.call(words));
            }
        }
    }
}
