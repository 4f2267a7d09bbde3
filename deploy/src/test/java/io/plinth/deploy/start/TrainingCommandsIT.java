package io.plinth.deploy.start;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.plinth.kit.config.StackFiles;
import io.plinth.kit.lifecycle.NodeRunner;
import io.plinth.kit.lifecycle.RunningNode;
import io.plinth.kvcache.KvCacheMain;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What the start-up cache is made from: every command is answered, and a snapshot is there. */
class TrainingCommandsIT {
    private static final int COMMANDS = 960;

    @TempDir
    Path folder;

    private final TrainingCommands commands = new TrainingCommands(COMMANDS, Duration.ofMinutes(5));

    private RunningNode cache() throws Exception {
        Path file = Files.writeString(folder.resolve("plinth.yaml"), """
            stack: test
            state: state
            kv-cache: { memory: 64MiB }
            nodes:
              cache: { run: kv-cache, port: 0, admin: "127.0.0.1:0", loops: 1 }
            """);
        return NodeRunner.start(
                KvCacheMain.TYPE, StackFiles.read(file, List.of(KvCacheMain.TYPE), Map.of(), Map.of()), "cache");
    }

    @Test
    void everyCommandIsAnsweredAndSnapshotsAreWrittenMeanwhile() throws Exception {
        try (RunningNode cache = cache()) {
            InetSocketAddress address = Objects.requireNonNull(cache.listening().get("redis"));
            assertThat(commands.through(address)).isGreaterThan(2 * COMMANDS);
            try (Socket socket = new Socket(address.getAddress(), address.getPort())) {
                socket.getOutputStream().write("INFO persistence\r\nQUIT\r\n".getBytes(StandardCharsets.US_ASCII));
                assertThat(new String(socket.getInputStream().readAllBytes(), StandardCharsets.US_ASCII))
                        .contains("rdb_last_bgsave_status:ok", "rdb_saves:2");
            }
        }
    }

    @Test
    void anErrorOrAClosedConnectionEndsIt() throws Exception {
        for (String words : List.of("-ERR no\r\n", "")) {
            try (ServerSocket server = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
                Thread.ofVirtual().start(() -> {
                    try (Socket client = server.accept()) {
                        client.getOutputStream().write(words.getBytes(StandardCharsets.US_ASCII));
                    } catch (IOException e) {
                        // The test ends.
                    }
                });
                InetSocketAddress near = new InetSocketAddress(InetAddress.getLoopbackAddress(), server.getLocalPort());
                assertThatThrownBy(() -> commands.through(near)).isInstanceOf(IOException.class);
            }
        }
    }
}
