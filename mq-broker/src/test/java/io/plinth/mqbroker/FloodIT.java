package io.plinth.mqbroker;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import com.rabbitmq.client.Channel;
import com.rabbitmq.client.Connection;
import com.rabbitmq.client.Delivery;
import io.plinth.mqbroker.wire.FrameDecoder;
import java.io.IOException;
import java.net.Socket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Somebody floods the broker; another client's 1,000 messages go through, and memory stays under its limit. */
@Timeout(120)
class FloodIT {
    private static final long MEMORY = 8 << 20;
    private static TestBroker broker;

    @BeforeAll
    static void start(@TempDir Path folder) throws Exception {
        broker = new TestBroker(
                folder,
                "{ memory: 8MiB, limits: { message: 1MiB, connections: 40, channel-max: 200, consumers: 100,"
                        + " unacked: 500, table-depth: 8, table: 8KiB, partial: 1MiB } }");
    }

    @AfterAll
    static void stop() {
        broker.close();
    }

    private interface Flood {
        void run() throws Exception;
    }

    /** Runs the flood while another client works. */
    private static void amid(Flood flood) throws Exception {
        try (Connection connection = broker.connect()) {
            Channel channel = connection.createChannel();
            String queue = channel.queueDeclare("", true, false, true, Map.of()).getQueue();
            channel.confirmSelect();
            channel.basicQos(100);
            Deliveries seen = Deliveries.of(channel, queue);
            CompletableFuture<Void> flooded = CompletableFuture.runAsync(() -> {
                try {
                    flood.run();
                } catch (Exception e) {
                    throw new AssertionError(e);
                }
            });
            for (int i = 0; i < 1000; i++) {
                Deliveries.publish(channel, "", queue, "" + i);
                if (i % 100 == 99) {
                    channel.waitForConfirmsOrDie(30_000);
                    for (int j = i - 99; j <= i; j++) {
                        Delivery delivery = seen.next();
                        assertThat(new String(delivery.getBody(), UTF_8)).isEqualTo("" + j);
                        seen.ack(delivery);
                    }
                }
            }
            flooded.get(60, TimeUnit.SECONDS);
            assertThat(memory(broker)).isLessThan(MEMORY + (1 << 20));
        }
    }

    /** What the broker counts its messages to take. */
    static long memory(TestBroker broker) throws Exception {
        HttpResponse<String> metrics = HttpClient.newHttpClient()
                .send(
                        HttpRequest.newBuilder(URI.create(
                                        "http://127.0.0.1:" + broker.admin().getPort() + "/metrics"))
                                .build(),
                        HttpResponse.BodyHandlers.ofString());
        Matcher line = Pattern.compile("mqbroker_memory_bytes(?:\\{[^}]*})? ([0-9.E]+)")
                .matcher(metrics.body());
        assertThat(line.find()).isTrue();
        return (long) Double.parseDouble(line.group(1));
    }

    @Test
    void ofConnections() throws Exception {
        amid(() -> {
            List<Socket> open = new ArrayList<>();
            for (int i = 0; i < 200; i++) {
                open.add(new Socket("127.0.0.1", broker.address().getPort()));
            }
            for (Socket socket : open) {
                socket.close();
            }
        });
    }

    @Test
    void ofChannelsAndConsumers() throws Exception {
        amid(() -> {
            try (Connection own = broker.connect()) {
                for (int i = 0; i < 200; i++) {
                    own.createChannel();
                }
                assertThat(own.createChannel()).as("one more than was agreed").isNull();
            }
            try (Connection own = broker.connect()) {
                Channel channel = own.createChannel();
                String queue = channel.queueDeclare().getQueue();
                ErrorCodesIT.assertCloses(406, channel, c -> {
                    for (int i = 0; i <= 100; i++) {
                        Deliveries.acked(c, queue);
                    }
                });
            }
        });
    }

    @Test
    void ofUnacknowledgedDeliveries() throws Exception {
        amid(() -> {
            try (Connection own = broker.connect()) {
                Channel channel = own.createChannel();
                String queue = channel.queueDeclare().getQueue();
                Deliveries hoarded = Deliveries.of(channel, queue);
                for (int i = 0; i < 3000; i++) {
                    Deliveries.publish(channel, "", queue, "x".repeat(100));
                }
                hoarded.texts(500);
                assertThat(channel.messageCount(queue)).isEqualTo(2500);
                assertThat(hoarded.waiting()).isZero();
            }
        });
    }

    @Test
    void ofLargeAndDeepHeaders() throws Exception {
        amid(() -> {
            for (int i = 0; i < 20; i++) {
                Map<String, Object> deep = new HashMap<>();
                for (int depth = 0; depth < 20; depth++) {
                    deep = new HashMap<>(Map.of("in", deep));
                }
                for (Map<String, Object> headers : List.of(deep, Map.<String, Object>of("big", "x".repeat(20_000)))) {
                    try (Connection own = broker.connect()) {
                        ErrorCodesIT.assertCloses(502, own.createChannel(), c -> {
                            Deliveries.publish(c, "", "nowhere", "x", headers);
                            c.queueDeclare();
                        });
                    } catch (com.rabbitmq.client.AlreadyClosedException e) {
                        // What was asserted.
                    }
                }
            }
        });
    }

    @Test
    void ofGarbage() throws Exception {
        amid(() -> {
            SplittableRandom random = new SplittableRandom(7);
            for (int i = 0; i < 200; i++) {
                byte[] garbage = new byte[1 + random.nextInt(4000)];
                random.nextBytes(garbage);
                try (Socket socket = new Socket("127.0.0.1", broker.address().getPort())) {
                    if (random.nextBoolean()) {
                        socket.getOutputStream().write(FrameDecoder.preamble());
                    }
                    socket.getOutputStream().write(garbage);
                } catch (IOException e) {
                    // It may close before everything is written.
                }
            }
        });
    }
}
