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
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
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

    @Test
    void everyMessageIsTaken() throws Exception {
        Path file = Files.writeString(folder.resolve("plinth.yaml"), """
            stack: test
            state: state
            mq-broker: {}
            nodes:
              mq: { run: mq-broker, port: 0, admin: "127.0.0.1:0" }
            """);
        try (RunningNode broker = NodeRunner.start(
                MqBrokerMain.TYPE, StackFiles.read(file, List.of(MqBrokerMain.TYPE), Map.of(), Map.of()), "mq")) {
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
}
