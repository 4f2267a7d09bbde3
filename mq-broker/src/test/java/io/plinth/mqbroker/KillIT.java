package io.plinth.mqbroker;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import com.rabbitmq.client.Channel;
import com.rabbitmq.client.ConfirmCallback;
import com.rabbitmq.client.Connection;
import com.rabbitmq.client.GetResponse;
import com.rabbitmq.client.MessageProperties;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentSkipListMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** A broker in a process of its own is killed in the middle of publishing. */
@Timeout(120)
class KillIT {
    private static final String QUEUE = "orders";

    @TempDir
    Path folder;

    @Test
    void everyConfirmedUnacknowledgedMessageIsBackOnceAfterAKill() throws Exception {
        try (BrokerProcess broker = new BrokerProcess(folder, "{ segment: 1MiB }", "-Xmx256m")) {
            everyConfirmedUnacknowledgedMessageIsBackOnceAfterAKill(broker);
        }
    }

    private static void everyConfirmedUnacknowledgedMessageIsBackOnceAfterAKill(BrokerProcess broker) throws Exception {
        broker.start();
        Set<Integer> confirmed = ConcurrentHashMap.newKeySet();
        int acked = 200;
        int held = 50;
        int published;
        Connection doomed = broker.connect();
        try {
            Channel channel = doomed.createChannel();
            channel.exchangeDeclare("shop", "topic", true);
            channel.queueDeclare(QUEUE, true, false, false, Map.of());
            channel.queueBind(QUEUE, "shop", "order.#");
            channel.confirmSelect();
            for (int i = 0; i < 500; i++) {
                publish(channel, i);
            }
            channel.waitForConfirmsOrDie(30_000);
            for (int i = 0; i < acked; i++) {
                GetResponse got = channel.basicGet(QUEUE, false);
                channel.basicAck(got.getEnvelope().getDeliveryTag(), false);
            }
            for (int i = 0; i < held; i++) {
                channel.basicGet(QUEUE, false);
            }
            // Confirmed behind them, so the acknowledgements are in the log too.
            publish(channel, 500);
            channel.waitForConfirmsOrDie(30_000);
            for (int i = 0; i <= 500; i++) {
                confirmed.add(i);
            }
            published = publishUntilKilled(broker, channel, 501, confirmed, ConcurrentHashMap.newKeySet());
        } finally {
            doomed.abort();
        }
        assertThat(confirmed.size()).isGreaterThan(501);

        broker.start();
        List<Integer> found = new ArrayList<>();
        try (Connection connection = broker.connect()) {
            Channel channel = connection.createChannel();
            // Not acknowledged: they have to come back after the next restart as well.
            for (GetResponse got = channel.basicGet(QUEUE, false); got != null; got = channel.basicGet(QUEUE, false)) {
                int number = Integer.parseInt(new String(got.getBody(), UTF_8).strip());
                found.add(number);
                assertThat(got.getEnvelope().isRedeliver())
                        .as("message %s redelivered", number)
                        .isEqualTo(number < acked + held);
            }
        }
        assertThat(found).doesNotHaveDuplicates().isSorted();
        for (int number : confirmed) {
            assertThat(found.contains(number)).as("message %s", number).isEqualTo(number >= acked);
        }
        assertThat(found).allMatch(number -> number < published);

        broker.stop();
        broker.start();
        try (Connection connection = broker.connect()) {
            Channel channel = connection.createChannel();
            assertThat(channel.messageCount(QUEUE)).isEqualTo(found.size());
            channel.basicPublish("shop", "order.new", MessageProperties.PERSISTENT_BASIC, "x".getBytes(UTF_8));
            assertThat(channel.queueDelete(QUEUE).getMessageCount()).isEqualTo(found.size() + 1);
        }
    }

    @Test
    void whatAFullQueueRefusedIsAmongItsDeadLettersAfterAKill() throws Exception {
        try (BrokerProcess broker = new BrokerProcess(folder, "{ segment: 1MiB }", "-Xmx256m")) {
            broker.start();
            Set<Integer> refused = ConcurrentHashMap.newKeySet();
            Connection doomed = broker.connect();
            try {
                Channel channel = doomed.createChannel();
                channel.exchangeDeclare("shop", "topic", true);
                channel.queueDeclare("dead", true, false, false, Map.of());
                Map<String, Object> small =
                        Map.of("x-max-length", 10, "x-overflow", "reject-publish-dlx", "x-dead-letter-exchange", "dlx");
                channel.queueDeclare(QUEUE, true, false, false, small);
                channel.queueBind(QUEUE, "shop", "order.#");
                channel.exchangeDeclare("dlx", "fanout", true);
                channel.queueBind("dead", "dlx", "");
                channel.confirmSelect();
                publishUntilKilled(broker, channel, 0, ConcurrentHashMap.newKeySet(), refused);
            } finally {
                doomed.abort();
            }
            broker.start();
            Set<Integer> found = new HashSet<>();
            try (Connection connection = broker.connect()) {
                Channel channel = connection.createChannel();
                for (GetResponse got = channel.basicGet("dead", true); got != null; ) {
                    found.add(Integer.parseInt(new String(got.getBody(), UTF_8).strip()));
                    assertThat(got.getProps().getHeaders().get("x-first-death-reason"))
                            .hasToString("maxlen");
                    got = channel.basicGet("dead", true);
                }
                assertThat(channel.messageCount(QUEUE)).isEqualTo(10);
            }
            assertThat(refused).hasSizeGreaterThan(3000);
            assertThat(found).containsAll(refused);
        }
    }

    private static void publish(Channel channel, int number) throws IOException {
        byte[] body = String.format("%-1000d", number).getBytes(UTF_8);
        channel.basicPublish("shop", "order.new", MessageProperties.PERSISTENT_BASIC, body);
    }

    /** Returns the first number that was not published. */
    private static int publishUntilKilled(
            BrokerProcess broker, Channel channel, int from, Set<Integer> confirmed, Set<Integer> refused)
            throws Exception {
        ConcurrentSkipListMap<Long, Integer> open = new ConcurrentSkipListMap<>();
        channel.addConfirmListener(answered(open, confirmed), answered(open, refused));
        int number = from;
        try {
            while (true) {
                open.put(channel.getNextPublishSeqNo(), number);
                publish(channel, number);
                number++;
                if (confirmed.size() > 3000 || refused.size() > 3000) {
                    broker.kill();
                }
            }
        } catch (IOException | com.rabbitmq.client.AlreadyClosedException e) {
            return number + 1;
        }
    }

    private static ConfirmCallback answered(ConcurrentSkipListMap<Long, Integer> open, Set<Integer> into) {
        return (tag, multiple) -> {
            Map<Long, Integer> done = multiple ? open.headMap(tag, true) : open.subMap(tag, true, tag, true);
            into.addAll(done.values());
            done.clear();
        };
    }
}
