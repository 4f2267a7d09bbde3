package io.plinth.mqbroker;

import static org.assertj.core.api.Assertions.assertThat;

import com.rabbitmq.client.AMQP;
import com.rabbitmq.client.Channel;
import com.rabbitmq.client.Connection;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * More delayed messages than memory has room for, in a broker with the memory and heap it has by default: it stays flat, publishers go on, a
 * start does not read them, those that are due come meanwhile, and after a purge it begins anew. Takes minutes, so only who
 * names it runs it, and it prints what it measured: {@code mvn verify -pl mq-broker -Dit.test=DelayedBacklog}.
 */
@Timeout(3600)
class DelayedBacklog {
    private static final int MESSAGES = Integer.getInteger("delayed.messages", 1_000_000);
    private static final int DUE = MESSAGES / 10;
    private static final int SLICES = 10;
    private static final int UNCONFIRMED = 5000;
    private static final String EXCHANGE = "later";
    private static final String KEEPS = "amq.delayed." + EXCHANGE;
    private static final int LONG_MILLIS = 3_600_000;

    @TempDir
    Path folder;

    @Test
    void aMillionDelayedMessagesLeaveMemoryFlat() throws Exception {
        try (BrokerProcess broker = new BrokerProcess(folder, "{}")) {
            broker.start();
            try (Connection connection = broker.connect()) {
                Channel channel = connection.createChannel();
                channel.queueDeclare("due", true, false, false, Map.of());
                channel.exchangeDeclare(EXCHANGE, "x-delayed-message", true, false, Map.of("x-delayed-type", "fanout"));
                channel.queueBind("due", EXCHANGE, "");
            }
            publish(broker, MESSAGES);
            broker.stop();
            restart(broker, "stop");
            broker.kill();
            restart(broker, "kill");
            someDue(broker);
            long start = System.nanoTime();
            assertThat(purge(broker)).isEqualTo(MESSAGES);
            report("purged in %.1f s, resident %,d MiB".formatted(seconds(start), broker.resident() >> 20));
            publish(broker, MESSAGES);
            assertThat(purge(broker)).isEqualTo(MESSAGES);
        }
    }

    private static void publish(BrokerProcess broker, int messages) throws Exception {
        try (Connection connection = broker.connect()) {
            Channel channel = connection.createChannel();
            Confirms confirms = new Confirms(channel, UNCONFIRMED);
            int slice = messages / SLICES;
            long early = 0;
            for (int from = 0; from < messages; from += slice) {
                long start = System.nanoTime();
                for (int i = from; i < from + slice; i++) {
                    // Scattered over an hour, none due before half an hour has passed.
                    int delay = LONG_MILLIS / 2 + (int) (i * 2_654_435_761L % LONG_MILLIS);
                    publish(confirms, delay, i);
                }
                confirms.await();
                long resident = broker.resident();
                report("published %,d: %,.0f/s, resident %,d MiB"
                        .formatted(from + slice, slice / seconds(start), resident >> 20));
                if (from == slice) {
                    early = resident;
                }
            }
            assertThat(broker.resident()).isLessThan(early + (128L << 20));
        }
    }

    private static void restart(BrokerProcess broker, String after) throws Exception {
        long start = System.nanoTime();
        broker.start();
        broker.connect().close();
        report("started after a %s in %.1f s, resident %,d MiB"
                .formatted(after, seconds(start), broker.resident() >> 20));
    }

    private static void someDue(BrokerProcess broker) throws Exception {
        try (Connection connection = broker.connect()) {
            Channel channel = connection.createChannel();
            Confirms confirms = new Confirms(channel, UNCONFIRMED);
            CountDownLatch taken = new CountDownLatch(DUE);
            AtomicLong late = new AtomicLong();
            long start = System.nanoTime();
            connection
                    .createChannel()
                    .basicConsume(
                            "due",
                            true,
                            (tag, delivery) -> {
                                long at = ByteBuffer.wrap(delivery.getBody()).getLong(8);
                                late.accumulateAndGet(System.currentTimeMillis() - at, Math::max);
                                taken.countDown();
                            },
                            tag -> {});
            for (int i = 0; i < DUE; i++) {
                publish(confirms, 20_000 + (int) (i * 7919L % 20_000), i);
            }
            confirms.await();
            report("published %,d that come soon: %,.0f/s".formatted(DUE, DUE / seconds(start)));
            assertThat(taken.await(600, TimeUnit.SECONDS)).isTrue();
            report("they came within %.1f s, at most %,d ms late, resident %,d MiB"
                    .formatted(seconds(start), late.get(), broker.resident() >> 20));
        }
    }

    private static void publish(Confirms confirms, int delay, int number) throws Exception {
        AMQP.BasicProperties properties = new AMQP.BasicProperties.Builder()
                .deliveryMode(2)
                .headers(Map.of("x-delay", delay))
                .build();
        byte[] body = ByteBuffer.allocate(100)
                .putLong(number)
                .putLong(System.currentTimeMillis() + delay)
                .array();
        confirms.publish(EXCHANGE, "", properties, body);
    }

    private static long purge(BrokerProcess broker) throws Exception {
        try (Connection connection = broker.connect()) {
            return connection.createChannel().queuePurge(KEEPS).getMessageCount();
        }
    }

    private static double seconds(long since) {
        return (System.nanoTime() - since) / 1e9;
    }

    private static void report(String line) {
        System.out.println(line);
    }
}
