package io.plinth.mqbroker;

import static org.assertj.core.api.Assertions.assertThat;

import com.rabbitmq.client.Channel;
import com.rabbitmq.client.Connection;
import com.rabbitmq.client.MessageProperties;
import io.plinth.mqbroker.queue.Shards;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Consumer;
import java.util.function.ToDoubleFunction;
import java.util.stream.IntStream;
import org.HdrHistogram.ConcurrentHistogram;
import org.HdrHistogram.Histogram;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * Other queues beside one with a huge backlog, and beside one whose consumer is slow: how long their messages take, from publish to delivery,
 * while as many messages pass through a short queue, while they pass through the one with the backlog, and while they come to one
 * whose consumer reads a few of them. Short rounds of the three take turns, each beginning with another one, and what is compared is the
 * median of the rounds' ratios: so other work on the machine falls on all. Small here, and only that all come is asserted; the
 * profile {@code fairness} asks for a million and prints the percentiles.
 */
@Timeout(3600)
class FairnessIT {
    private static final int BACKLOG = Integer.getInteger("fairness.backlog", 5000);
    private static final int SECONDS = Integer.getInteger("fairness.seconds", 1);
    private static final int ROUNDS = Integer.getInteger("fairness.rounds", 1);
    private static final int RATE = Integer.getInteger("fairness.rate", 2000);
    private static final int PROBES = 200;
    private static final int SIZE = 1024;
    private static final String HUGE = "huge";
    private static final String SHORT = "short";
    private static final String SLOW = "slow";
    private static final List<String> BUSY = List.of(SHORT, HUGE, SLOW);
    /** What the slow consumer takes for each: a thirtieth of what comes in the profile. */
    private static final int SLOW_MILLIS = 10;

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
    void othersGoOnBesideAHugeBacklogAndASlowConsumer() throws Exception {
        String compiler = "-XX:TieredStopAtLevel=" + (ROUNDS > 1 ? 4 : 1);
        try (BrokerProcess broker = new BrokerProcess(folder, "{ window: 1000 }", "-Xmx512m", compiler)) {
            broker.start();
            List<String> names = others();
            int shard = Shards.of("/", HUGE, Shards.COUNT);
            try (Connection connection = broker.connect()) {
                Channel channel = connection.createChannel();
                for (String name : BUSY) {
                    channel.queueDeclare(name, true, false, false, Map.of());
                }
                for (String name : names) {
                    channel.queueDeclare(name, true, false, false, Map.of());
                }
                fill(channel, HUGE);
                Map<String, List<Round>> rounds = new HashMap<>();
                for (int round = 0; round < ROUNDS; round++) {
                    List<String> turn = new ArrayList<>(BUSY);
                    Collections.rotate(turn, round);
                    for (String busy : turn) {
                        rounds.computeIfAbsent(busy, name -> new ArrayList<>())
                                .add(measure(broker, names, shard, over -> busy(broker, busy, over)));
                        channel.queuePurge(SLOW);
                    }
                }
                List<Round> without = rounds.getOrDefault(SHORT, List.of());
                for (String busy : List.of(HUGE, SLOW)) {
                    List<Round> beside = rounds.getOrDefault(busy, List.of());
                    print(busy + ", same shard p50", without, beside, Round::sameMedian);
                    print(busy + ", same shard p99", without, beside, Round::same);
                    print(busy + ", other shards p50", without, beside, Round::othersMedian);
                    print(busy + ", other shards p99", without, beside, Round::others);
                }
                long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(30);
                while (channel.messageCount(HUGE) != BACKLOG) {
                    assertThat(System.nanoTime()).as("deadline").isLessThan(deadline);
                    TimeUnit.MILLISECONDS.sleep(10);
                }
            }
        }
    }

    /** What goes at once: all a long queue holds, and the queue with it. */
    @Test
    void othersGoOnWhileABacklogIsPurgedAndDeleted() throws Exception {
        String compiler = "-XX:TieredStopAtLevel=" + (ROUNDS > 1 ? 4 : 1);
        try (BrokerProcess broker = new BrokerProcess(folder, "{ window: 1000 }", "-Xmx512m", compiler)) {
            broker.start();
            List<String> names = others();
            int shard = Shards.of("/", HUGE, Shards.COUNT);
            try (Connection connection = broker.connect()) {
                Channel channel = connection.createChannel();
                channel.queueDeclare(HUGE, true, false, false, Map.of());
                for (String name : names) {
                    channel.queueDeclare(name, true, false, false, Map.of());
                }
                fill(channel, HUGE);
                print("pause", measure(broker, names, shard, over -> {}));
                print(
                        "purge",
                        measure(
                                broker,
                                names,
                                shard,
                                over -> leave(
                                        "purged", () -> channel.queuePurge(HUGE).getMessageCount())));
                fill(channel, HUGE);
                print(
                        "deletion",
                        measure(
                                broker,
                                names,
                                shard,
                                over -> leave(
                                        "deleted",
                                        () -> channel.queueDelete(HUGE).getMessageCount())));
            }
        }
    }

    private static void print(String what, Round round) {
        System.out.printf(
                "beside a %s: same shard p50 %.1f ms, p99 %.1f, most %.1f; other shards p50 %.1f ms, p99 %.1f, most"
                        + " %.1f%n",
                what,
                round.sameMedian(),
                round.same(),
                round.sameMost(),
                round.othersMedian(),
                round.others(),
                round.othersMost());
    }

    private static void leave(String how, Callable<Integer> going) {
        try {
            long start = System.nanoTime();
            assertThat(going.call()).isEqualTo(BACKLOG);
            System.out.printf("%,d messages %s in %.2f s%n", BACKLOG, how, (System.nanoTime() - start) / 1e9);
        } catch (Exception e) {
            throw new AssertionError(e);
        }
    }

    private static void fill(Channel channel, String queue) throws Exception {
        channel.confirmSelect();
        for (int i = 0; i < BACKLOG; i++) {
            channel.basicPublish("", queue, MessageProperties.MINIMAL_PERSISTENT_BASIC, new byte[SIZE]);
            if (i % 5000 == 4999 || i == BACKLOG - 1) {
                channel.waitForConfirmsOrDie(60_000);
            }
        }
    }

    /** Milliseconds from publish to delivery in one round: medians, the 99th percentiles, and the longest. */
    private record Round(
            double sameMedian, double same, double sameMost, double othersMedian, double others, double othersMost) {}

    private static void print(String what, List<Round> without, List<Round> beside, ToDoubleFunction<Round> number) {
        double[] ratios = IntStream.range(0, beside.size())
                .mapToDouble(i -> number.applyAsDouble(beside.get(i)) / number.applyAsDouble(without.get(i)))
                .toArray();
        System.out.printf(
                "%s: beside a short queue %.1f ms, beside that one %.1f ms; ratio of pairs: median %.2f, quartiles"
                        + " %.2f to %.2f, slower in %d of %d%n",
                what,
                quantile(without.stream().mapToDouble(number).toArray(), 0.5),
                quantile(beside.stream().mapToDouble(number).toArray(), 0.5),
                quantile(ratios, 0.5),
                quantile(ratios, 0.25),
                quantile(ratios, 0.75),
                Arrays.stream(ratios).filter(ratio -> ratio > 1).count(),
                ratios.length);
    }

    private static double quantile(double[] numbers, double share) {
        double[] sorted = Arrays.stream(numbers).sorted().toArray();
        return sorted[(int) Math.min(sorted.length - 1L, Math.round(share * (sorted.length - 1)))];
    }

    private static void busy(BrokerProcess broker, String queue, AtomicBoolean over) {
        if (queue.equals(SLOW)) {
            crawl(broker, over);
        } else {
            pass(broker, queue, over);
        }
    }

    private static Round measure(BrokerProcess broker, List<String> names, int shard, Consumer<AtomicBoolean> busy)
            throws Exception {
        AtomicBoolean over = new AtomicBoolean();
        CompletableFuture<Void> passed = CompletableFuture.runAsync(() -> busy.accept(over));
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
        // How many is not asserted: a slow machine may not have connected before the round was over.
        passed.get(60, TimeUnit.SECONDS);
        return new Round(at(same, 50), at(same, 99), at(same, 100), at(others, 50), at(others, 99), at(others, 100));
    }

    private static double at(Histogram histogram, double percentile) {
        return histogram.getValueAtPercentile(percentile) / 1e6;
    }

    /** Publishes at that rate to a queue whose consumer reads less and less of its socket, as it comes to a stop behind each message. */
    private static void crawl(BrokerProcess broker, AtomicBoolean over) {
        try (Connection out = broker.connect();
                Connection in = broker.connect()) {
            in.createChannel()
                    .basicConsume(
                            SLOW,
                            true,
                            (tag, delivery) -> {
                                if (!over.get()) {
                                    LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(SLOW_MILLIS));
                                }
                            },
                            tag -> {});
            Channel publisher = out.createChannel();
            for (Pace pace = new Pace(RATE); !over.get(); ) {
                pace.await();
                publisher.basicPublish("", SLOW, MessageProperties.MINIMAL_PERSISTENT_BASIC, new byte[SIZE]);
            }
        } catch (Exception e) {
            throw new AssertionError(e);
        }
    }

    /** Publishes to the queue and takes from it, at the same rate. */
    private static void pass(BrokerProcess broker, String queue, AtomicBoolean over) {
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
