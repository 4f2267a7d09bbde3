package io.plinth.mqbroker;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import com.rabbitmq.client.AMQP;
import com.rabbitmq.client.Channel;
import com.rabbitmq.client.Connection;
import com.rabbitmq.client.Delivery;
import io.plinth.testkit.LogWatcher;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** What queues know of their messages survives a restart. */
@Timeout(60)
class RestartIT {
    @TempDir
    Path folder;

    @Test
    void countsPrioritiesGroupsKeysAndDelaysAreFoundAgain() throws Exception {
        try (TestBroker broker = new TestBroker(folder, "{}");
                Connection connection = broker.connect()) {
            before(connection.createChannel());
        }
        try (TestBroker broker = new TestBroker(folder, "{}");
                ManagementClient api = broker.management();
                Connection connection = broker.connect()) {
            assertThat(api.get("queues/%2F/ranked").object().get("message_bytes"))
                    .as("three bodies of two octets")
                    .isEqualTo(6L);
            after(connection.createChannel());
        }
    }

    @Test
    void aStreamThatCannotBeOpenedStopsPublishersUntilItIsDeleted(LogWatcher.Expected watched) throws Exception {
        watched.expect("cannot be opened, which is tried again");
        try (TestBroker broker = new TestBroker(folder, "{}");
                Connection connection = broker.connect()) {
            connection.createChannel().queueDeclare("s", true, false, false, Map.of("x-queue-type", "stream"));
        }
        inTheWay();
        try (TestBroker broker = new TestBroker(folder, "{}");
                ManagementClient api = broker.management()) {
            String check = "health/checks/local-alarms";
            await(() -> api.get(check).status() == 503);
            assertThat(api.get(check).object().get("reason")).isEqualTo("There are alarms in effect: stream failed");
            assertThat(api.get(check).object().get("failed_streams")).isEqualTo(List.of("queue 's' in vhost '/'"));
            assertThat(metrics(broker)).contains("mqbroker_alarm{reason=\"stream failed\"} 1.0");
            assertThat(api.delete("queues/%2F/s").status()).isEqualTo(204);
            await(() -> api.get(check).status() == 200);
            assertThat(metrics(broker))
                    .contains(
                            "mqbroker_alarm{reason=\"stream failed\"} 0.0",
                            "rabbitmq_global_messages_received_total{protocol=\"amqp091\"} 0.0",
                            "rabbitmq_alarms_memory_used_watermark 0.0",
                            "rabbitmq_queues 0.0")
                    .containsPattern("rabbitmq_identity_info\\{.*rabbitmq_node=\"rabbit@mq\"");
        }
    }

    /** Puts a file where the folder of the stream was. */
    private void inTheWay() throws Exception {
        try (Stream<Path> all = Files.walk(folder)) {
            Path stream = all.filter(
                            path -> path.subpath(0, path.getNameCount() - 1).endsWith("streams"))
                    .findFirst()
                    .orElseThrow();
            try (Stream<Path> below = Files.walk(stream)) {
                for (Path path : below.sorted(Comparator.reverseOrder()).toList()) {
                    Files.delete(path);
                }
            }
            Files.writeString(stream, "in the way");
        }
    }

    private static String metrics(TestBroker broker) throws Exception {
        try (HttpClient client = HttpClient.newHttpClient()) {
            URI uri = URI.create("http://127.0.0.1:" + broker.admin().getPort() + "/metrics");
            return client.send(HttpRequest.newBuilder(uri).build(), HttpResponse.BodyHandlers.ofString())
                    .body();
        }
    }

    private static void await(Callable<Boolean> condition) throws Exception {
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(40);
        while (!condition.call()) {
            assertThat(System.nanoTime()).as("deadline").isLessThan(deadline);
            TimeUnit.MILLISECONDS.sleep(20);
        }
    }

    private static void before(Channel channel) throws Exception {
        channel.confirmSelect();
        channel.queueDeclare("limited", true, false, false, Map.of("x-delivery-limit", 2));
        Deliveries.publish(channel, "", "limited", "counted");
        for (int i = 0; i < 2; i++) {
            long tag = channel.basicGet("limited", false).getEnvelope().getDeliveryTag();
            channel.basicNack(tag, false, true);
        }
        channel.queueDeclare("ranked", true, false, false, Map.of("x-max-priority", 9));
        for (int priority : List.of(1, 7, 3)) {
            AMQP.BasicProperties properties = new AMQP.BasicProperties.Builder()
                    .deliveryMode(2)
                    .priority(priority)
                    .build();
            channel.basicPublish("", "ranked", properties, ("p" + priority).getBytes(UTF_8));
        }
        channel.queueDeclare("grouped", true, false, false, Map.of("x-message-groups", true));
        for (String body : List.of("a1", "a2", "b1")) {
            Deliveries.publish(channel, "", "grouped", body, Map.of("x-message-group", body.substring(0, 1)));
        }
        channel.queueDeclare("unique", true, false, false, Map.of("x-message-deduplication", true));
        Deliveries.publish(channel, "", "unique", "once", Map.of("x-deduplication-header", "k"));
        channel.queueDeclare("quorum", true, false, false, Map.of("x-queue-type", "quorum"));
        channel.basicPublish("", "quorum", null, "not persistent".getBytes(UTF_8));
        channel.queueDeclare("classic", true, false, false, Map.of());
        channel.basicPublish("", "classic", null, "not persistent".getBytes(UTF_8));
        channel.exchangeDeclare("later", "x-delayed-message", true, false, Map.of("x-delayed-type", "direct"));
        channel.queueDeclare("due", true, false, false, Map.of());
        channel.queueBind("due", "later", "due");
        channel.queueBind("quorum", "later", "quorum");
        AMQP.BasicProperties passing = new AMQP.BasicProperties.Builder()
                .headers(Map.of("x-delay", "1400"))
                .build();
        channel.basicPublish("later", "quorum", passing, "not persistent".getBytes(UTF_8));
        Deliveries.publish(channel, "later", "due", "delayed", Map.of("x-delay", 1500));
        channel.waitForConfirmsOrDie(20_000);
    }

    private static void after(Channel channel) throws Exception {
        channel.confirmSelect();
        Delivery counted = Deliveries.of(channel, "limited").next();
        assertThat(counted.getProperties().getHeaders()).containsEntry("x-delivery-count", 2L);
        channel.basicNack(counted.getEnvelope().getDeliveryTag(), false, true);
        assertThat(channel.messageCount("limited")).isZero();
        assertThat(List.of(
                        Deliveries.get(channel, "ranked"),
                        Deliveries.get(channel, "ranked"),
                        Deliveries.get(channel, "ranked")))
                .containsExactly("p7", "p3", "p1");
        Deliveries grouped = Deliveries.of(channel, "grouped");
        assertThat(grouped.texts(2)).containsExactly("a1", "b1");
        assertThat(channel.messageCount("grouped")).isEqualTo(1);
        Deliveries.publish(channel, "", "unique", "twice", Map.of("x-deduplication-header", "k"));
        channel.waitForConfirmsOrDie(20_000);
        assertThat(Deliveries.get(channel, "unique")).isEqualTo("once");
        assertThat(channel.messageCount("unique")).isZero();
        assertThat(channel.messageCount("classic")).isZero();
        for (int i = 0; i < 2; i++) {
            assertThat(Deliveries.get(channel, "quorum")).isEqualTo("not persistent");
        }
        assertThat(Deliveries.get(channel, "due")).isEqualTo("delayed");
    }
}
