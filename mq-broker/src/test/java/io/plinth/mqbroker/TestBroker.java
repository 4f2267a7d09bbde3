package io.plinth.mqbroker;

import com.rabbitmq.client.Connection;
import com.rabbitmq.client.ConnectionFactory;
import io.plinth.kit.config.StackFile;
import io.plinth.kit.config.StackFiles;
import io.plinth.kit.lifecycle.DaemonType;
import io.plinth.kit.lifecycle.NodeRunner;
import io.plinth.kit.lifecycle.RunningNode;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Objects;

/** A broker in this JVM on a free port. */
final class TestBroker implements AutoCloseable {
    private final RunningNode node;

    TestBroker(Path folder, String section) throws Exception {
        this(MqBrokerMain.TYPE, folder, section);
    }

    TestBroker(DaemonType type, Path folder, String section) throws Exception {
        node = NodeRunner.start(type, file(folder, section), "mq");
    }

    static Path write(Path folder, String section) throws Exception {
        Path file = folder.resolve("plinth.yaml");
        Files.writeString(file, """
            stack: test
            state: state
            mq-broker: %s
            nodes:
              mq: { run: mq-broker, port: 0, admin: "127.0.0.1:0" }
            """.formatted(section));
        return file;
    }

    static StackFile file(Path folder, String section) throws Exception {
        return StackFiles.read(write(folder, section), List.of(MqBrokerMain.TYPE), Map.of(), Map.of());
    }

    InetSocketAddress address() {
        return Objects.requireNonNull(node.listening().get("amqp"));
    }

    ManagementClient management() {
        return management("guest", "guest");
    }

    ManagementClient management(String user, String password) {
        return new ManagementClient(
                Objects.requireNonNull(node.listening().get("management")).getPort(), user, password);
    }

    InetSocketAddress secureManagement() {
        return Objects.requireNonNull(node.listening().get("management-tls"));
    }

    InetSocketAddress secure() {
        return Objects.requireNonNull(node.listening().get("amqps"));
    }

    InetSocketAddress admin() {
        return node.admin();
    }

    ConnectionFactory factory() {
        return factory(address().getPort());
    }

    static ConnectionFactory factory(int port) {
        ConnectionFactory factory = new ConnectionFactory();
        factory.setHost("127.0.0.1");
        factory.setPort(port);
        factory.setAutomaticRecoveryEnabled(false);
        return factory;
    }

    Connection connect() throws Exception {
        return factory().newConnection();
    }

    @Override
    public void close() {
        node.close();
    }
}
