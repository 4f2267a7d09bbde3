package io.plinth.deploy.start;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.plinth.kit.config.StackFiles;
import io.plinth.kit.lifecycle.NodeRunner;
import io.plinth.kit.lifecycle.RunningNode;
import io.plinth.mqbroker.MqBrokerMain;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What the start-up cache is made from: every message that is published is taken. */
class TrainingMessagesIT {
    private static final int MESSAGES = 100;
    private static final int KINDS = 3;

    @TempDir
    Path folder;

    private final TrainingMessages messages = new TrainingMessages(MESSAGES, Duration.ofMinutes(5));

    private RunningNode broker() throws Exception {
        Path file = Files.writeString(folder.resolve("plinth.yaml"), """
            stack: test
            state: state
            mq-broker: {}
            nodes:
              mq: { run: mq-broker, port: 0, admin: "127.0.0.1:0" }
            """);
        return NodeRunner.start(
                MqBrokerMain.TYPE, StackFiles.read(file, List.of(MqBrokerMain.TYPE), Map.of(), Map.of()), "mq");
    }

    @Test
    void everyMessageIsTaken() throws Exception {
        try (RunningNode broker = broker()) {
            InetSocketAddress address =
                    Objects.requireNonNull(broker.listening().get("amqp"));
            assertThat(messages.through(address)).isEqualTo(KINDS * MESSAGES);
        }
    }

    @Test
    void aBrokerThatIsNotThereIsAnError() throws Exception {
        int port;
        try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            port = socket.getLocalPort();
        }
        InetSocketAddress nobody = new InetSocketAddress(InetAddress.getLoopbackAddress(), port);
        assertThatThrownBy(() -> messages.through(nobody)).isInstanceOf(IOException.class);
    }

    /** Passes on what a client says, until that has the word; then it closes the client's connection as a broker does (section 1.4.2.10). */
    private static void closeAt(String word, Socket client, Socket broker) {
        byte[] close = HexFormat.of().parseHex("010000" + "0000000b" + "000a0032" + "0140" + "00" + "00000000" + "ce");
        try (client;
                broker) {
            Thread.ofVirtual().start(() -> {
                try {
                    broker.getInputStream().transferTo(client.getOutputStream());
                } catch (IOException e) {
                    // Closed below.
                }
            });
            byte[] some = new byte[1 << 16];
            boolean closed = false;
            for (int n = client.getInputStream().read(some);
                    n >= 0;
                    n = client.getInputStream().read(some)) {
                if (!closed && new String(some, 0, n, StandardCharsets.ISO_8859_1).contains(word)) {
                    closed = true;
                    client.getOutputStream().write(close);
                } else if (!closed) {
                    broker.getOutputStream().write(some, 0, n);
                }
            }
        } catch (IOException e) {
            // The client is gone.
        }
    }

    @Test
    void aBrokerThatClosesTheConnectionIsAnErrorThatIsChecked() throws Exception {
        try (RunningNode broker = broker();
                ServerSocket between = new ServerSocket(0, 2, InetAddress.getLoopbackAddress())) {
            InetSocketAddress address =
                    Objects.requireNonNull(broker.listening().get("amqp"));
            Thread.ofVirtual().start(() -> {
                try {
                    for (String word : List.of("grows", "never")) {
                        Socket client = between.accept();
                        Socket there = new Socket(address.getAddress(), address.getPort());
                        Thread.ofVirtual().start(() -> closeAt(word, client, there));
                    }
                } catch (IOException e) {
                    // The test ends.
                }
            });
            InetSocketAddress near = new InetSocketAddress(InetAddress.getLoopbackAddress(), between.getLocalPort());
            assertThatThrownBy(() -> messages.through(near))
                    .isInstanceOf(IOException.class)
                    .hasMessageContaining("broker: ");
        }
    }
}
