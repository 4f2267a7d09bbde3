package io.plinth.deploy.mq;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import com.rabbitmq.client.AMQP;
import com.rabbitmq.client.Channel;
import com.rabbitmq.client.Connection;
import com.rabbitmq.client.ConnectionFactory;
import com.rabbitmq.client.GetResponse;
import io.plinth.deploy.Plinth;
import io.plinth.kit.config.StackFiles;
import io.plinth.kit.lifecycle.NodeRunner;
import io.plinth.kit.lifecycle.RunningNode;
import io.plinth.mqbroker.MqBrokerMain;
import io.plinth.testkit.BreakingRelay;
import io.plinth.testkit.RabbitServer;
import io.plinth.testkit.RequiresPeer;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;

/** A real RabbitMQ is drained into our broker by a mover that is killed in the middle. */
@RequiresPeer("rabbitmq-server")
class MoveIT {
    private static final int MESSAGES = 5_000;
    /** Octets a second. */
    private static final int RATE = 100_000;

    private static final int UNDER_WAY = 500;
    private static final Map<String, Object> ARGUMENTS =
            Map.of("x-message-ttl", 86_400_000, "x-dead-letter-exchange", "dead");

    @TempDir
    Path folder;

    @Test
    @Timeout(180)
    void nothingIsLostThoughTheMoverIsKilled() throws Exception {
        try (RabbitServer rabbit = new RabbitServer(Files.createDirectory(folder.resolve("rabbit")));
                RunningNode broker = broker();
                BreakingRelay slow = BreakingRelay.to(at(broker, "amqp"))) {
            int ours = at(broker, "amqp").getPort();
            load(rabbit);
            // So slow that there is a middle to be killed in, however late the test finds it.
            slow.rate(BreakingRelay.Direction.TO_TARGET, RATE);
            killInTheMiddle(move(rabbit, broker, slow.port()), ours);
            StringWriter out = new StringWriter();
            StringWriter err = new StringWriter();
            assertThat(plinth(out, err, move(rabbit, broker, ours)))
                    .as(err.toString())
                    .isZero();
            assertThat(out.toString()).contains("definitions moved", "orders: ", "empty: 0 messages moved");

            try (Connection theirs = connect(rabbit.port(), "guest", "guest")) {
                assertThat(theirs.createChannel().messageCount("orders")).isZero();
            }
            // The user came with its password.
            try (Connection connection = connect(ours, "app", "secret")) {
                Channel channel = connection.createChannel();
                channel.queueDeclare("orders", true, false, false, ARGUMENTS);
                everythingArrived(channel);
                operated(
                        ours,
                        List.of(
                                "--url=http://127.0.0.1:"
                                        + at(broker, "management").getPort(),
                                "--user=guest"));
                channel.basicPublish("events", "order.new", null, "routed".getBytes(UTF_8));
                assertThat(next(channel).getBody()).asString(UTF_8).isEqualTo("routed");
            }
        }
    }

    private static InetSocketAddress at(RunningNode broker, String listener) {
        return Objects.requireNonNull(broker.listening().get(listener));
    }

    private static List<String> move(RabbitServer rabbit, RunningNode broker, int to) {
        return List.of(
                "mq",
                "move",
                "--from=amqp://guest:guest@127.0.0.1:" + rabbit.port() + "/%2F",
                "--from-url=http://127.0.0.1:" + rabbit.httpPort(),
                "--to=amqp://guest:guest@127.0.0.1:" + to + "/%2F",
                "--to-url=http://127.0.0.1:" + at(broker, "management").getPort());
    }

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

    private static void load(RabbitServer rabbit) throws Exception {
        StringWriter err = new StringWriter();
        String url = "--url=http://127.0.0.1:" + rabbit.httpPort();
        for (List<String> command : List.of(
                List.of("mq", "add-user", "app", "secret", url),
                List.of("mq", "set-permissions", "app", ".*", ".*", ".*", url),
                List.of("mq", "set-policy", "limit", "^orders$", "{\"max-length\":1000000}", url))) {
            assertThat(plinth(new StringWriter(), err, command))
                    .as(err.toString())
                    .isZero();
        }
        try (Connection connection = connect(rabbit.port(), "guest", "guest")) {
            Channel channel = connection.createChannel();
            channel.exchangeDeclare("events", "topic", true);
            channel.queueDeclare("orders", true, false, false, ARGUMENTS);
            channel.queueDeclare("empty", true, false, false, Map.of());
            channel.queueBind("orders", "events", "order.#");
            channel.confirmSelect();
            for (int i = 0; i < MESSAGES; i++) {
                AMQP.BasicProperties properties = new AMQP.BasicProperties.Builder()
                        .deliveryMode(2)
                        .userId("guest")
                        .headers(Map.of("CC", List.of("order.copy"), "n", i))
                        .build();
                channel.basicPublish(
                        "events", "order." + i, properties, Integer.toString(i).getBytes(UTF_8));
            }
            channel.waitForConfirmsOrDie(60_000);
        }
    }

    private void killInTheMiddle(List<String> move, int ours) throws Exception {
        List<String> command = new ArrayList<>(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-XX:TieredStopAtLevel=1",
                "-cp",
                System.getProperty("java.class.path"),
                Plinth.class.getName()));
        command.addAll(move);
        Process mover = new ProcessBuilder(command)
                .redirectErrorStream(true)
                .redirectOutput(folder.resolve("mover.log").toFile())
                .start();
        try (Connection connection = connect(ours, "guest", "guest")) {
            long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(60);
            while (waiting(connection) < MESSAGES / 10 && mover.isAlive() && System.nanoTime() < deadline) {
                TimeUnit.MILLISECONDS.sleep(5);
            }
        } finally {
            mover.destroyForcibly().waitFor();
        }
        assertThat(mover.exitValue())
                .as(Files.readString(folder.resolve("mover.log")))
                .isNotZero();
    }

    /** 0 while the queue is not there. */
    private static long waiting(Connection connection) throws Exception {
        Channel channel = connection.createChannel();
        try {
            return channel.messageCount("orders");
        } catch (java.io.IOException e) {
            return 0;
        } finally {
            channel.abort();
        }
    }

    private static void everythingArrived(Channel channel) throws Exception {
        List<Integer> all = new ArrayList<>();
        for (GetResponse got = channel.basicGet("orders", true); got != null; got = channel.basicGet("orders", true)) {
            int number = Integer.parseInt(new String(got.getBody(), UTF_8));
            assertThat(got.getEnvelope().getRoutingKey()).isEqualTo("order." + number);
            assertThat(got.getProps().getHeaders()).containsEntry("n", number);
            all.add(number);
        }
        Set<Integer> once = new LinkedHashSet<>(all);
        assertThat(once)
                .as("in their order")
                .containsExactlyElementsOf(IntStream.range(0, MESSAGES).boxed().toList());
        assertThat(all.size() - once.size()).as("twice").isLessThanOrEqualTo(UNDER_WAY);
    }

    private static GetResponse next(Channel channel) throws Exception {
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(20);
        GetResponse got = channel.basicGet("orders", true);
        while (got == null && System.nanoTime() < deadline) {
            TimeUnit.MILLISECONDS.sleep(10);
            got = channel.basicGet("orders", true);
        }
        return Objects.requireNonNull(got, "no message within 20 s");
    }

    /** What an operator does daily. */
    private static void operated(int port, List<String> to) throws Exception {
        assertThat(done(to, "status")).contains("object_totals.queues", "alarms", "none");
        done(to, "add-user", "app", "--tags=monitoring");
        assertThat(done(to, "list", "USERS")).containsPattern("app +monitoring");
        // Without a password it kept its own.
        try (Connection again = connect(port, "app", "secret")) {
            assertThat(again.isOpen()).isTrue();
        }
        done(to, "set-permissions", "app", "--topic=events", "^order", ".*");
        assertThat(done(to, "list", "TOPIC_PERMISSIONS")).contains("^order");
        done(to, "delete", "TOPIC_PERMISSIONS", "app");
        done(to, "trace", "ON");
        assertThat(done(to, "list", "VHOSTS", "--columns=name,tracing")).containsPattern("/ +true");
        done(to, "trace", "OFF");
        done(to, "set-limit", "VHOST", "/", "max-queues", "1000");
        assertThat(done(to, "list", "VHOST_LIMITS")).contains("max-queues=1000");
        done(to, "set-policy", "--operator", "--apply-to=queues", "o", "^x", "{\"max-length\":5}");
        assertThat(done(to, "list", "OPERATOR_POLICIES")).contains("max-length=5");
        done(to, "delete", "OPERATOR_POLICY", "o");
        assertThat(done(to, "list", "QUEUES", "--columns=name,arguments.x-message-ttl"))
                .containsPattern("orders +86400000");
        assertThat(done(to, "close-connections", "--of-user=nobody")).contains("0 connections closed");
    }

    private static String done(List<String> to, String... arguments) {
        List<String> command = new ArrayList<>(List.of("mq"));
        command.addAll(List.of(arguments));
        command.addAll(to);
        StringWriter out = new StringWriter();
        StringWriter err = new StringWriter();
        assertThat(plinth(out, err, command)).as(command + ": " + err).isZero();
        return out.toString();
    }

    private static Connection connect(int port, String user, String password) throws Exception {
        ConnectionFactory factory = new ConnectionFactory();
        factory.setHost("127.0.0.1");
        factory.setPort(port);
        factory.setUsername(user);
        factory.setPassword(password);
        return factory.newConnection();
    }

    private static int plinth(StringWriter out, StringWriter err, List<String> arguments) {
        CommandLine line = Plinth.commandLine();
        line.setOut(new PrintWriter(out));
        line.setErr(new PrintWriter(err));
        return line.execute(arguments.toArray(String[]::new));
    }
}
