package io.plinth.mqbroker;

import static org.assertj.core.api.Assertions.assertThat;

import com.rabbitmq.client.Channel;
import com.rabbitmq.client.Connection;
import com.rabbitmq.client.MessageProperties;
import io.plinth.mqbroker.queue.Shards;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.IntStream;
import org.HdrHistogram.ConcurrentHistogram;
import org.HdrHistogram.Histogram;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * Other queues beside one with a huge backlog: how long their messages take, from publish to delivery, while as many messages pass through a
 * short queue, and while they pass through the one with the backlog. Small here, and only that all come is asserted; the profile {@code
 * fairness} asks for two million and prints the percentiles.
 */
@Timeout(3600)
class FairnessIT {
    private static final int BACKLOG = Integer.getInteger("fairness.backlog", 5000);
    private static final int SECONDS = Integer.getInteger("fairness.seconds", 1);
    private static final int RATE = Integer.getInteger("fairness.rate", 2000);
    private static final int PROBES = 200;
    private static final int SIZE = 1024;
    private static final String HUGE = "huge";
    private static final String SHORT = "short";

    @TempDir
    Path folder;

    /** One of the queue's own shard, and one of each other. */
    private static List<String> others() {
        return IntStream.range(0, Shards.COUNT)
                .mapToObj(shard -> IntStream.range(0, 10_000)
                        .mapToObj(i -> "other " + i)
                        .filter(name -> Shards.of("/", name, Shards.COUNT) == shard)
                        .findFirst()
                        .orElseThrow())
                .toList();
    }

    @Test
    void othersGoOnBesideAHugeBacklog() throws Exception {
        String compiler = "-XX:TieredStopAtLevel=" + (SECONDS > 1 ? 4 : 1);
        try (BrokerProcess broker = new BrokerProcess(folder, "{ window: 1000 }", "-Xmx512m", compiler)) {
            broker.start();
            List<String> names = others();
            int shard = Shards.of("/", HUGE, Shards.COUNT);
            try (Connection connection = broker.connect()) {
                Channel channel = connection.createChannel();
                for (String name : List.of(HUGE, SHORT)) {
                    channel.queueDeclare(name, true, false, false, Map.of());
                }
                for (String name : names) {
                    channel.queueDeclare(name, true, false, false, Map.of());
                }
                fill(channel);
                for (int round = 0; round < (SECONDS > 1 ? 3 : 1); round++) {
                    measure(broker, names, shard, "beside a short queue", SHORT);
                    measure(broker, names, shard, "beside the backlog  ", HUGE);
                }
                long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(30);
                while (channel.messageCount(HUGE) != BACKLOG) {
                    assertThat(System.nanoTime()).as("deadline").isLessThan(deadline);
                    TimeUnit.MILLISECONDS.sleep(10);
                }
            }
        }
    }

    private static void fill(Channel channel) throws Exception {
        channel.confirmSelect();
        for (int i = 0; i < BACKLOG; i++) {
            channel.basicPublish("", HUGE, MessageProperties.MINIMAL_PERSISTENT_BASIC, new byte[SIZE]);
            if (i % 5000 == 4999 || i == BACKLOG - 1) {
                channel.waitForConfirmsOrDie(60_000);
            }
        }
    }

    private static void measure(BrokerProcess broker, List<String> names, int shard, String what, String busy)
            throws Exception {
        AtomicBoolean over = new AtomicBoolean();
        CompletableFuture<Long> passed = CompletableFuture.supplyAsync(() -> pass(broker, busy, over));
        Histogram same = new ConcurrentHistogram(3);
        Histogram others = new ConcurrentHistogram(3);
        try (Connection out = broker.connect();
                Connection in = broker.connect()) {
            Channel channel = in.createChannel();
            AtomicLong seen = new AtomicLong();
            for (int i = 0; i < names.size(); i++) {
                Histogram into = i == shard ? same : others;
                channel.basicConsume(
                        names.get(i),
                        true,
                        (tag, delivery) -> {
                            into.recordValue(System.nanoTime()
                                    - ByteBuffer.wrap(delivery.getBody()).getLong());
                            seen.incrementAndGet();
                        },
                        tag -> {});
            }
            Channel publisher = out.createChannel();
            long sent = 0;
            for (Pace pace = new Pace(PROBES); sent < (long) PROBES * SECONDS; sent++) {
                pace.await();
                // Half of them to the queue of the same shard.
                String to = sent % 2 == 0 ? names.get(shard) : names.get((int) (sent / 2 % names.size()));
                byte[] body =
                        ByteBuffer.allocate(100).putLong(System.nanoTime()).array();
                publisher.basicPublish("", to, MessageProperties.MINIMAL_PERSISTENT_BASIC, body);
            }
            long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(60);
            while (seen.get() < sent) {
                assertThat(System.nanoTime()).as("deadline").isLessThan(deadline);
                TimeUnit.MILLISECONDS.sleep(5);
            }
        }
        over.set(true);
        System.out.printf(
                "%s (%,d/s through it): same shard p50 %.1f p99 %.1f max %.1f ms, other shards p50 %.1f p99 %.1f max"
                        + " %.1f ms%n",
                what,
                passed.get(60, TimeUnit.SECONDS) / SECONDS,
                at(same, 50),
                at(same, 99),
                at(same, 100),
                at(others, 50),
                at(others, 99),
                at(others, 100));
    }

    private static double at(Histogram histogram, double percentile) {
        return histogram.getValueAtPercentile(percentile) / 1e6;
    }

    /** Publishes to the queue and takes from it, at the same rate; returns how many were taken. */
    private static long pass(BrokerProcess broker, String queue, AtomicBoolean over) {
        AtomicLong taken = new AtomicLong();
        try (Connection out = broker.connect();
                Connection in = broker.connect()) {
            Channel consumer = in.createChannel();
            consumer.basicQos(500);
            consumer.basicConsume(
                    queue,
                    false,
                    (tag, delivery) -> taken.set(delivery.getEnvelope().getDeliveryTag()),
                    tag -> {});
            Channel publisher = out.createChannel();
            Pace pace = new Pace(RATE);
            long sent = 0;
            long settled = 0;
            while (!over.get() || settled < sent) {
                pace.await();
                if (!over.get()) {
                    publisher.basicPublish("", queue, MessageProperties.MINIMAL_PERSISTENT_BASIC, new byte[SIZE]);
                    sent++;
                }
                // As many go out as came in.
                if (settled < Math.min(sent, taken.get())) {
                    consumer.basicAck(++settled, false);
                }
            }
            return settled;
        } catch (Exception e) {
            throw new AssertionError(e);
        }
    }

    /** So many a second. */
    private static final class Pace {
        private final long start = System.nanoTime();
        private final int rate;
        private long count;

        Pace(int rate) {
            this.rate = rate;
        }

        void await() {
            long due = start + TimeUnit.SECONDS.toNanos(1) * count++ / rate;
            for (long left = due - System.nanoTime(); left > 0; left = due - System.nanoTime()) {
                LockSupport.parkNanos(left);
            }
        }
    }
}
