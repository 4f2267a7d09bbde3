package io.plinth.mqbroker;

import static org.assertj.core.api.Assertions.assertThat;

import com.rabbitmq.client.AMQP;
import com.rabbitmq.client.CancelCallback;
import com.rabbitmq.client.Channel;
import com.rabbitmq.client.Connection;
import com.rabbitmq.client.MessageProperties;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * A backlog much longer than memory: its memory stays flat, a start does not read it, and it comes out complete and in order. Small here;
 * the profile {@code backlog} asks for ten million and prints what it measured.
 */
@Timeout(3600)
class BacklogIT {
    private static final int MESSAGES = Integer.getInteger("backlog.messages", 200_000);
    private static final int WINDOW = Integer.getInteger("backlog.window", 1000);
    private static final int SLICES = 10;
    private static final int UNCONFIRMED = 5000;
    private static final int UNACKED = 2000;
    private static final String QUEUE = "long";

    @TempDir
    Path folder;

    @Test
    void tenMillionMessagesLeaveMemoryFlat() throws Exception {
        boolean measured = MESSAGES > 1_000_000;
        String section = "{ window: %d, segment: %s }".formatted(WINDOW, measured ? "64MiB" : "4MiB");
        String compiler = "-XX:TieredStopAtLevel=" + (measured ? 4 : 1);
        try (BrokerProcess broker = new BrokerProcess(folder, section, "-Xmx512m", compiler)) {
            broker.start();
            fill(broker);
            broker.stop();
            restart(broker, "stop");
            broker.kill();
            restart(broker, "kill");
            drain(broker);
        }
    }

    private static void fill(BrokerProcess broker) throws Exception {
        try (Connection connection = broker.connect()) {
            Channel channel = connection.createChannel();
            channel.queueDeclare(QUEUE, true, false, false, Map.of());
            Confirms confirms = new Confirms(channel, UNCONFIRMED);
            int slice = MESSAGES / SLICES;
            long early = 0;
            for (int from = 0; from < MESSAGES; from += slice) {
                long start = System.nanoTime();
                for (int i = from; i < from + slice; i++) {
                    confirms.publish("", QUEUE, MessageProperties.MINIMAL_PERSISTENT_BASIC, body(i));
                }
                confirms.await();
                long resident = broker.resident();
                report("published %,d: %,.0f/s, resident %,d MiB"
                        .formatted(from + slice, slice / seconds(start), resident >> 20));
                if (from == slice) {
                    early = resident;
                }
            }
            // Entries of 128 octets alone would be more than a gigabyte.
            assertThat(broker.resident()).isLessThan(early + (128L << 20));
            assertThat(channel.messageCount(QUEUE)).isEqualTo(MESSAGES);
        }
    }

    private static void restart(BrokerProcess broker, String after) throws Exception {
        long start = System.nanoTime();
        broker.start();
        try (Connection connection = broker.connect()) {
            assertThat(connection.createChannel().messageCount(QUEUE)).isEqualTo(MESSAGES);
            report("started after a %s in %.1f s, resident %,d MiB"
                    .formatted(after, seconds(start), broker.resident() >> 20));
        }
    }

    private static void drain(BrokerProcess broker) throws Exception {
        try (Connection connection = broker.connect()) {
            Channel channel = connection.createChannel();
            channel.basicQos(UNACKED);
            CompletableFuture<Long> done = new CompletableFuture<>();
            AtomicLong next = new AtomicLong();
            long start = System.nanoTime();
            CancelCallback cancelled = tag -> done.completeExceptionally(new IllegalStateException("cancelled"));
            channel.basicConsume(
                    QUEUE,
                    false,
                    (tag, delivery) -> {
                        long expected = next.getAndIncrement();
                        long number = ByteBuffer.wrap(delivery.getBody()).getLong();
                        if (number != expected) {
                            done.completeExceptionally(
                                    new AssertionError("message: " + number + " (expected: " + expected + ")"));
                        }
                        if (expected % (UNACKED / 4) == UNACKED / 4 - 1 || expected == MESSAGES - 1) {
                            channel.basicAck(delivery.getEnvelope().getDeliveryTag(), true);
                        }
                        if (expected == MESSAGES - 1) {
                            done.complete(expected);
                        }
                    },
                    cancelled);
            done.get(30, TimeUnit.MINUTES);
            report("drained: %,.0f/s, resident %,d MiB".formatted(MESSAGES / seconds(start), broker.resident() >> 20));
            AMQP.Queue.DeleteOk deleted = channel.queueDelete(QUEUE);
            assertThat(deleted.getMessageCount()).isZero();
        }
    }

    private static byte[] body(long number) {
        return ByteBuffer.allocate(100).putLong(number).array();
    }

    private static double seconds(long since) {
        return (System.nanoTime() - since) / 1e9;
    }

    private static void report(String line) {
        System.out.println(line);
    }
}
