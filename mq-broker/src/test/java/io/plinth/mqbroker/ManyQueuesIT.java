package io.plinth.mqbroker;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import com.rabbitmq.client.Channel;
import com.rabbitmq.client.Connection;
import com.rabbitmq.client.GetResponse;
import com.rabbitmq.client.MessageProperties;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * Many durable queues are declared, each takes and hands out messages, and all are there after a kill with what they held; under the
 * limits and the heap a broker has by default. Few here; the profile {@code many-queues} asks for 100,000 and prints what it measured.
 */
@Timeout(3600)
class ManyQueuesIT {
    private static final int QUEUES = Integer.getInteger("many.queues", 500);
    private static final int CLIENTS = 4;
    private static final int UNCONFIRMED = 1000;

    @TempDir
    Path folder;

    /** What one of the clients does with its part of the queues. */
    private interface Work {
        void on(Channel channel, int from, int to) throws Exception;
    }

    @Test
    void aHundredThousandQueuesDeclareServeAndRestart() throws Exception {
        String compiler = "-XX:TieredStopAtLevel=" + (QUEUES > 10_000 ? 4 : 1);
        try (BrokerProcess broker = new BrokerProcess(folder, "{}", compiler)) {
            broker.start();
            broker.connect().close();
            long empty = broker.resident();
            all(broker, "declared", ManyQueuesIT::declare);
            long declared = broker.resident();
            report("resident %,d MiB, of which %,d octets a queue"
                    .formatted(declared >> 20, Math.max(0, declared - empty) / QUEUES));
            all(broker, "published to", ManyQueuesIT::publish);
            report("resident %,d MiB".formatted(broker.resident() >> 20));
            broker.kill();
            long start = System.nanoTime();
            broker.start();
            broker.connect().close();
            report("started in %.1f s, resident %,d MiB".formatted(seconds(start), broker.resident() >> 20));
            all(broker, "got from", ManyQueuesIT::take);
            report("resident %,d MiB".formatted(broker.resident() >> 20));
        }
    }

    private static void declare(Channel channel, int from, int to) throws Exception {
        for (int i = from; i < to; i++) {
            channel.queueDeclare("queue " + i, true, false, false, Map.of());
        }
    }

    private static void publish(Channel channel, int from, int to) throws Exception {
        channel.confirmSelect();
        for (int i = from; i < to; i++) {
            channel.basicPublish(
                    "", "queue " + i, MessageProperties.MINIMAL_PERSISTENT_BASIC, ("" + i).getBytes(UTF_8));
            if (i % UNCONFIRMED == 0 || i == to - 1) {
                channel.waitForConfirmsOrDie(60_000);
            }
        }
    }

    private static void take(Channel channel, int from, int to) throws Exception {
        for (int i = from; i < to; i++) {
            GetResponse got = channel.basicGet("queue " + i, true);
            assertThat(got).as("message of queue %s", i).isNotNull();
            assertThat(new String(got.getBody(), UTF_8)).isEqualTo("" + i);
            assertThat(got.getMessageCount()).isZero();
        }
    }

    private static void all(BrokerProcess broker, String what, Work work) throws Exception {
        long start = System.nanoTime();
        List<CompletableFuture<Void>> clients = new ArrayList<>();
        for (int client = 0; client < CLIENTS; client++) {
            int from = QUEUES * client / CLIENTS;
            int to = QUEUES * (client + 1) / CLIENTS;
            clients.add(CompletableFuture.runAsync(() -> {
                try (Connection connection = broker.connect()) {
                    work.on(connection.createChannel(), from, to);
                } catch (Exception e) {
                    throw new AssertionError(e);
                }
            }));
        }
        for (CompletableFuture<Void> client : clients) {
            client.get(30, TimeUnit.MINUTES);
        }
        report("%s %,d queues, %,.0f/s".formatted(what, QUEUES, QUEUES / seconds(start)));
    }

    private static double seconds(long since) {
        return (System.nanoTime() - since) / 1e9;
    }

    private static void report(String line) {
        System.out.println(line);
    }
}
