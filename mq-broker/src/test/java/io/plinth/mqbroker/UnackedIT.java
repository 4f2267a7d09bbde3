package io.plinth.mqbroker;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import com.rabbitmq.client.Channel;
import com.rabbitmq.client.Connection;
import com.rabbitmq.client.Delivery;
import com.rabbitmq.client.MessageProperties;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * Somebody takes all there is and acknowledges nothing: memory stays under its limit, another client's 1,000 messages go through, and who
 * asks for still more is told. Small here; the profile {@code unacked} asks for a million beside the memory there is by default.
 */
@Timeout(1200)
class UnackedIT {
    private static final int MESSAGES = Integer.getInteger("unacked.messages", 40_000);
    private static final String MEMORY = System.getProperty("unacked.memory", "4MiB");
    private static final int CHANNELS = 25;

    @TempDir
    Path folder;

    @Test
    void aMillionUnacknowledgedMessagesLeaveRoomForOthers() throws Exception {
        long memory = Long.parseLong(MEMORY.replace("MiB", "")) << 20;
        try (TestBroker broker = new TestBroker(folder, "{ memory: %s, limits: { message: 1MiB } }".formatted(MEMORY));
                Connection connection = broker.connect();
                Connection own = broker.connect()) {
            Channel channel = connection.createChannel();
            channel.queueDeclare("hoarded", true, false, false, Map.of());
            fill(channel);
            AtomicLong taken = new AtomicLong();
            List<Channel> hoarders = new ArrayList<>();
            for (int i = 0; i < CHANNELS; i++) {
                Channel hoarder = own.createChannel();
                hoarder.basicConsume("hoarded", false, (tag, delivery) -> taken.incrementAndGet(), tag -> {});
                hoarders.add(hoarder);
            }
            settle(taken);
            System.out.printf(
                    "%,d of %,d taken, %,d octets in memory%n", taken.get(), MESSAGES, FloodIT.memory(broker));
            work(channel);
            assertThat(FloodIT.memory(broker)).isLessThan(memory);
            for (Channel hoarder : hoarders) {
                hoarder.abort();
            }
            long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(120);
            while (channel.messageCount("hoarded") != MESSAGES) {
                assertThat(System.nanoTime()).as("deadline").isLessThan(deadline);
                TimeUnit.MILLISECONDS.sleep(50);
            }
        }
    }

    private static void fill(Channel channel) throws Exception {
        channel.confirmSelect();
        for (int i = 0; i < MESSAGES; i++) {
            channel.basicPublish("", "hoarded", MessageProperties.MINIMAL_PERSISTENT_BASIC, new byte[10]);
            if (i % 5000 == 4999 || i == MESSAGES - 1) {
                channel.waitForConfirmsOrDie(60_000);
            }
        }
    }

    /** Until nothing more is taken. */
    private static void settle(AtomicLong taken) throws InterruptedException {
        long before = -1;
        while (taken.get() == 0 || taken.get() != before) {
            before = taken.get();
            TimeUnit.MILLISECONDS.sleep(500);
        }
    }

    private static void work(Channel channel) throws Exception {
        String queue = channel.queueDeclare("", true, false, true, Map.of()).getQueue();
        channel.basicQos(100);
        Deliveries seen = Deliveries.of(channel, queue);
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
    }
}
