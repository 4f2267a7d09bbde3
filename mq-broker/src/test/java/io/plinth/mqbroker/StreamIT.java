package io.plinth.mqbroker;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import com.rabbitmq.client.AMQP;
import com.rabbitmq.client.Channel;
import com.rabbitmq.client.Connection;
import com.rabbitmq.client.Delivery;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Date;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Streams, through RabbitMQ's Java client. */
@Timeout(60)
class StreamIT {
    private static final Map<String, Object> STREAM = Map.of("x-queue-type", "stream");

    @TempDir
    Path folder;

    private static Deliveries read(Channel channel, String stream, Object offset) throws Exception {
        channel.basicQos(10);
        return new Deliveries(channel, stream, false, Map.of("x-stream-offset", offset));
    }

    private static void publish(Channel channel, String stream, int from, int to) throws Exception {
        channel.confirmSelect();
        for (int i = from; i < to; i++) {
            Deliveries.publish(channel, "", stream, "" + i);
        }
        channel.waitForConfirmsOrDie(20_000);
    }

    private static void expect(Deliveries reader, int from, int to) throws Exception {
        for (int i = from; i < to; i++) {
            Delivery delivery = reader.next();
            assertThat(new String(delivery.getBody(), UTF_8)).isEqualTo("" + i);
            assertThat(delivery.getProperties().getHeaders()).containsEntry("x-stream-offset", (long) i);
            reader.ack(delivery);
        }
    }

    @Test
    void anyNumberOfReadersReadFromAnyPlaceAndAgainAfterARestart() throws Exception {
        Date middle;
        try (TestBroker broker = new TestBroker(folder, "{}");
                Connection connection = broker.connect()) {
            Channel channel = connection.createChannel();
            channel.queueDeclare("s", true, false, false, STREAM);
            publish(channel, "s", 0, 100);
            TimeUnit.MILLISECONDS.sleep(2100);
            middle = Date.from(Instant.now().minusSeconds(1));
            publish(channel, "s", 100, 200);
            readers(connection, middle);
            Deliveries next = read(connection.createChannel(), "s", "next");
            // Its answer comes before its place is found: what is published behind a declare is behind that place.
            channel.queueDeclarePassive("s");
            TimeUnit.MILLISECONDS.sleep(200);
            publish(channel, "s", 200, 210);
            expect(next, 200, 210);
        }
        try (TestBroker broker = new TestBroker(folder, "{}");
                Connection connection = broker.connect()) {
            Channel channel = connection.createChannel();
            readers(connection, middle);
            publish(channel, "s", 210, 220);
            expect(read(connection.createChannel(), "s", 205), 205, 220);
            assertThat(channel.queueDelete("s").getMessageCount()).isEqualTo(220);
            ErrorCodesIT.assertCloses(404, channel, c -> c.queueDeclarePassive("s"));
        }
        assertThat(folder.resolve("state")).isDirectoryNotContaining("glob:**/streams/*");
    }

    @Test
    void aReaderGetsWhatItsFilterLetsThrough() throws Exception {
        try (TestBroker broker = new TestBroker(folder, "{}");
                Connection connection = broker.connect()) {
            Channel channel = connection.createChannel();
            channel.queueDeclare("s", true, false, false, STREAM);
            channel.confirmSelect();
            List<String> regions = List.of("north", "south", "east", "");
            for (int i = 0; i < 1000; i++) {
                String region = regions.get(i % 4);
                Map<String, Object> headers =
                        region.isEmpty() ? Map.of() : Map.of("x-stream-filter-value", region, "other", i);
                channel.basicPublish(
                        "",
                        "s",
                        new AMQP.BasicProperties.Builder().headers(headers).build(),
                        ("" + i).getBytes(UTF_8));
            }
            channel.waitForConfirmsOrDie(20_000);
            assertThat(filtered(connection, "south", false)).isEqualTo(every(1));
            assertThat(filtered(connection, List.of("south", "none"), false)).isEqualTo(every(1));
            assertThat(filtered(connection, "none", true)).isEqualTo(every(3));
            ErrorCodesIT.assertCloses(406, channel, c -> {
                c.basicQos(10);
                c.basicConsume("s", false, Map.of("x-stream-filter", 7), (tag, message) -> {}, tag -> {});
            });
        }
    }

    private static List<Integer> every(int first) {
        return Stream.iterate(first, i -> i + 4).limit(250).toList();
    }

    private static List<Integer> filtered(Connection connection, Object filter, boolean unfiltered) throws Exception {
        Channel channel = connection.createChannel();
        channel.basicQos(10);
        Deliveries reader = new Deliveries(
                channel,
                "s",
                false,
                Map.of("x-stream-offset", "first", "x-stream-filter", filter, "x-stream-match-unfiltered", unfiltered));
        List<Integer> read = new ArrayList<>();
        for (int i = 0; i < 250; i++) {
            Delivery delivery = reader.next();
            read.add(Integer.parseInt(new String(delivery.getBody(), UTF_8)));
            reader.ack(delivery);
        }
        return read;
    }

    private static void readers(Connection connection, Date middle) throws Exception {
        expect(read(connection.createChannel(), "s", "first"), 0, 200);
        expect(read(connection.createChannel(), "s", 150), 150, 200);
        expect(read(connection.createChannel(), "s", middle), 100, 200);
        expect(read(connection.createChannel(), "s", "1h"), 0, 200);
        Delivery last = read(connection.createChannel(), "s", "last").next();
        assertThat(Integer.parseInt(new String(last.getBody(), UTF_8))).isGreaterThanOrEqualTo(199);
    }

    @Test
    void aStreamKeepsWhatItsSizeAllows() throws Exception {
        try (TestBroker broker = new TestBroker(folder, "{}");
                Connection connection = broker.connect()) {
            Channel channel = connection.createChannel();
            channel.queueDeclare(
                    "s",
                    true,
                    false,
                    false,
                    Map.of(
                            "x-queue-type",
                            "stream",
                            "x-max-length-bytes",
                            4_000_000,
                            "x-stream-max-segment-size-bytes",
                            1_000_000));
            channel.confirmSelect();
            byte[] body = new byte[10_000];
            for (int i = 0; i < 1500; i++) {
                channel.basicPublish("", "s", null, body);
            }
            channel.waitForConfirmsOrDie(30_000);
            long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(20);
            while (channel.messageCount("s") > 600) {
                assertThat(System.nanoTime()).as("retention").isLessThan(deadline);
                TimeUnit.MILLISECONDS.sleep(50);
            }
            Delivery first = read(connection.createChannel(), "s", "first").next();
            assertThat((Long) Objects.requireNonNull(
                            first.getProperties().getHeaders().get("x-stream-offset")))
                    .isGreaterThan(800);
            assertThat(channel.messageCount("s")).isPositive();
        }
    }

    @Test
    void aStreamIsReadWithAPrefetchAndAcknowledgements() throws Exception {
        try (TestBroker broker = new TestBroker(folder, "{}");
                Connection connection = broker.connect()) {
            Channel channel = connection.createChannel();
            channel.queueDeclare("s", true, false, false, STREAM);
            publish(channel, "s", 0, 30);
            Deliveries reader = read(channel, "s", "first");
            for (int i = 0; i < 10; i++) {
                reader.next();
            }
            channel.queueDeclarePassive("s");
            assertThat(reader.waiting()).isZero();
            channel.basicAck(10, true);
            assertThat(reader.texts(10)).startsWith("10").endsWith("19");
            errors(broker, connection);
        }
    }

    private static void errors(TestBroker broker, Connection connection) throws Exception {
        ErrorCodesIT.assertCloses(406, connection.createChannel(), c -> Deliveries.of(c, "s"));
        ErrorCodesIT.assertCloses(406, connection.createChannel(), c -> read(c, "s", "somewhere"));
        ErrorCodesIT.assertCloses(
                406, connection.createChannel(), c -> c.queueDeclare("t", false, false, false, STREAM));
        ErrorCodesIT.assertCloses(
                406,
                connection.createChannel(),
                c -> c.queueDeclare("t", true, false, false, Map.of("x-queue-type", "stream", "x-max-age", "long")));
        for (ErrorCodesIT.Act act : List.<ErrorCodesIT.Act>of(
                c -> c.basicGet("s", true), c -> c.queuePurge("s"), c -> Deliveries.acked(c, "s"))) {
            try (Connection own = broker.connect()) {
                ErrorCodesIT.assertCloses(540, own.createChannel(), act);
            } catch (com.rabbitmq.client.AlreadyClosedException e) {
                // What was asserted.
            }
        }
    }

    @Test
    void aDamagedRecordCostsItselfAndItsSegmentsRest() throws Exception {
        try (TestBroker broker = new TestBroker(folder, "{}");
                Connection connection = broker.connect()) {
            Channel channel = connection.createChannel();
            channel.queueDeclare("s", true, false, false, STREAM);
            publish(channel, "s", 0, 50);
        }
        Path segment;
        try (Stream<Path> all = Files.walk(folder)) {
            segment = all.filter(path -> path.toString().contains("streams") && Files.isRegularFile(path))
                    .filter(path -> path.toString().endsWith(".cq4"))
                    .findFirst()
                    .orElseThrow();
        }
        byte[] bytes = Files.readAllBytes(segment);
        int at = new String(bytes, java.nio.charset.StandardCharsets.ISO_8859_1).lastIndexOf("49");
        assertThat(at).isPositive();
        bytes[at] ^= 1;
        Files.write(segment, bytes);
        try (TestBroker broker = new TestBroker(folder, "{}");
                Connection connection = broker.connect()) {
            Channel channel = connection.createChannel();
            publish(channel, "s", 49, 52);
            expect(read(connection.createChannel(), "s", "first"), 0, 52);
        }
    }
}
