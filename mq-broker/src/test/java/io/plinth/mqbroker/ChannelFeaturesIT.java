package io.plinth.mqbroker;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import com.rabbitmq.client.AMQP;
import com.rabbitmq.client.Channel;
import com.rabbitmq.client.Delivery;
import java.time.Instant;
import java.util.Date;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import java.util.function.Predicate;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What RabbitMQ added to channels and exchanges, through its Java client. */
@Timeout(60)
@ClientFixture.Section("{ limits: { transaction: 64KiB } }")
class ChannelFeaturesIT extends ClientFixture {
    private static final String REPLIES = "amq.rabbitmq.reply-to";

    private String queue() throws Exception {
        return channel.queueDeclare().getQueue();
    }

    @Test
    void whoDeclaresTheQueueOfDirectRepliesIsLetGoOn() throws Exception {
        AMQP.Queue.DeclareOk declared = channel.queueDeclare(REPLIES, false, false, false, null);
        assertThat(declared.getQueue()).isEqualTo(REPLIES);
        assertThat(declared.getMessageCount()).isZero();
    }

    @Test
    void aTransactionShowsNothingBeforeItsCommit() throws Exception {
        String queue = queue();
        Deliveries.publish(channel, "", queue, "taken");
        Channel tx = connection.createChannel();
        tx.txSelect();
        var got = tx.basicGet(queue, false);
        tx.basicAck(got.getEnvelope().getDeliveryTag(), false);
        Deliveries.publish(tx, "", queue, "new");
        assertThat(channel.messageCount(queue)).isZero();
        tx.txCommit();
        assertThat(channel.messageCount(queue)).isEqualTo(1);
        tx.close();
        assertThat(Deliveries.get(channel, queue)).isEqualTo("new");
        assertThat(channel.messageCount(queue)).isZero();
    }

    @Test
    void aRollbackUndoesPublishesAndAcknowledgements() throws Exception {
        String queue = queue();
        Deliveries.publish(channel, "", queue, "kept");
        Channel tx = connection.createChannel();
        tx.txSelect();
        var got = tx.basicGet(queue, false);
        tx.basicAck(got.getEnvelope().getDeliveryTag(), false);
        Deliveries.publish(tx, "", queue, "gone");
        tx.txRollback();
        tx.basicAck(got.getEnvelope().getDeliveryTag(), false);
        tx.txRollback();
        tx.close();
        assertThat(Deliveries.get(channel, queue)).isEqualTo("kept");
        assertThat(channel.messageCount(queue)).isZero();
    }

    @Test
    void transactionsAndConfirmsExcludeEachOther() throws Exception {
        ErrorCodesIT.assertCloses(406, connection.createChannel(), c -> {
            c.txSelect();
            c.confirmSelect();
        });
        ErrorCodesIT.assertCloses(406, connection.createChannel(), c -> {
            c.confirmSelect();
            c.txSelect();
        });
        ErrorCodesIT.assertCloses(406, connection.createChannel(), Channel::txCommit);
        ErrorCodesIT.assertCloses(406, connection.createChannel(), c -> {
            c.txSelect();
            c.basicPublish("", "nowhere", null, new byte[100_000]);
            c.txCommit();
        });
        String full = channel.queueDeclare(
                        "", false, true, true, Map.of("x-max-length", 0, "x-overflow", "reject-publish"))
                .getQueue();
        ErrorCodesIT.assertCloses(406, connection.createChannel(), c -> {
            c.txSelect();
            c.basicPublish("", full, null, new byte[1]);
            c.txCommit();
        });
    }

    @Test
    void aReplyGoesStraightToWhoAsked() throws Exception {
        String requests = queue();
        Deliveries replies = Deliveries.acked(channel, REPLIES);
        channel.basicPublish(
                "",
                requests,
                new AMQP.BasicProperties.Builder()
                        .replyTo(REPLIES)
                        .correlationId("7")
                        .build(),
                "question".getBytes(UTF_8));
        Channel server = connection.createChannel();
        Delivery request = Deliveries.acked(server, requests).next();
        String address = Objects.requireNonNull(request.getProperties().getReplyTo());
        assertThat(address).startsWith(REPLIES + ".");
        assertThat(server.queueDeclarePassive(address).getConsumerCount()).isEqualTo(1);
        server.basicPublish("", address, request.getProperties(), "answer".getBytes(UTF_8));
        Delivery reply = replies.next();
        assertThat(new String(reply.getBody(), UTF_8)).isEqualTo("answer");
        assertThat(reply.getProperties().getCorrelationId()).isEqualTo("7");
        channel.basicCancel(replies.tag);
        ErrorCodesIT.assertCloses(404, server, c -> c.queueDeclarePassive(address));
    }

    @Test
    void repliesNeedAConsumerThatCannotAcknowledge() throws Exception {
        ErrorCodesIT.assertCloses(406, connection.createChannel(), c -> Deliveries.of(c, REPLIES));
        ErrorCodesIT.assertCloses(406, connection.createChannel(), c -> {
            c.basicPublish(
                    "",
                    "any",
                    new AMQP.BasicProperties.Builder().replyTo(REPLIES).build(),
                    new byte[1]);
            c.queueDeclare();
        });
    }

    @Test
    void copiesGoToFurtherKeysAndBlindOnesAreNotShown() throws Exception {
        String to = queue();
        String copy = queue();
        String blind = queue();
        Deliveries.publish(channel, "", to, "x", Map.of("CC", List.of(copy), "BCC", List.of(blind), "other", "stays"));
        for (String queue : List.of(to, copy, blind)) {
            Map<String, Object> headers =
                    Deliveries.acked(channel, queue).next().getProperties().getHeaders();
            assertThat(headers).containsKeys("CC", "other").doesNotContainKey("BCC");
        }
        ErrorCodesIT.assertCloses(406, connection.createChannel(), c -> {
            Deliveries.publish(c, "", to, "x", Map.of("CC", "no array"));
            c.queueDeclare();
        });
    }

    @Test
    void aDelayedMessageIsRoutedWhenItsTimeHasCome() throws Exception {
        channel.exchangeDeclare(name, "x-delayed-message", true, false, Map.of("x-delayed-type", "topic"));
        String queue = queue();
        channel.queueBind(queue, name, "a.#");
        Deliveries seen = Deliveries.acked(channel, queue);
        long at = System.nanoTime();
        Deliveries.publish(channel, name, "a.late", "late", Map.of("x-delay", 300));
        Deliveries.publish(channel, name, "a.soon", "soon", Map.of("x-delay", 100));
        Deliveries.publish(channel, name, "a.now", "now");
        assertThat(seen.text()).isEqualTo("now");
        Delivery soon = seen.next();
        assertThat(new String(soon.getBody(), UTF_8)).isEqualTo("soon");
        assertThat(soon.getEnvelope().getExchange()).isEqualTo(name);
        assertThat(soon.getEnvelope().getRoutingKey()).isEqualTo("a.soon");
        assertThat(soon.getProperties().getHeaders().get("x-delay")).isEqualTo(-100);
        assertThat(seen.text()).isEqualTo("late");
        assertThat((System.nanoTime() - at) / 1_000_000).isGreaterThanOrEqualTo(295);
        String keeps = "amq.delayed." + name;
        ErrorCodesIT.assertCloses(403, connection.createChannel(), c -> Deliveries.acked(c, keeps));
        channel.exchangeDelete(name);
        ErrorCodesIT.assertCloses(404, connection.createChannel(), c -> c.queuePurge(keeps));
        ErrorCodesIT.assertCloses(406, connection.createChannel(), c -> c.exchangeDeclare(name, "x-delayed-message"));
    }

    private static Map<?, ?> told(ManagementClient api, String path, Predicate<Map<?, ?>> which) throws Exception {
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(30);
        while (true) {
            Object json = api.get(path).json();
            for (Object one : json instanceof List<?> list ? list : List.of(Objects.requireNonNull(json))) {
                if (one instanceof Map<?, ?> map && which.test(map)) {
                    return map;
                }
            }
            assertThat(System.nanoTime()).as(path).isLessThan(deadline);
            TimeUnit.MILLISECONDS.sleep(50);
        }
    }

    @Test
    void whatAChannelDoesIsTold() throws Exception {
        String queue = queue();
        AMQP.BasicProperties timed = new AMQP.BasicProperties.Builder()
                .timestamp(Date.from(Instant.ofEpochSecond(1000)))
                .build();
        channel.basicPublish("", queue, timed, new byte[7]);
        Channel tx = connection.createChannel();
        tx.txSelect();
        tx.basicPublish("", queue, null, new byte[1]);
        try (ManagementClient api = broker.management()) {
            Map<?, ?> shown = told(api, "queues/%2F/" + queue, map -> map.get("head_message_timestamp") != null);
            assertThat(shown.get("head_message_timestamp")).isEqualTo(1000L);
            assertThat(shown.get("message_bytes")).isEqualTo(7L);
            assertThat(String.valueOf(shown.get("owner_pid_details"))).contains("name=", "peer_host=", "peer_port=");
            Map<?, ?> uncommitted = told(api, "channels", map -> Objects.equals(map.get("transactional"), true));
            assertThat(uncommitted.get("messages_uncommitted")).isEqualTo(1L);
            assertThat(uncommitted.get("acks_uncommitted")).isEqualTo(0L);
            tx.basicConsume(queue, false, Map.of("x-priority", 7), (tag, message) -> {}, tag -> {});
            Map<?, ?> consumer = told(
                    api, "consumers", map -> String.valueOf(map.get("queue")).contains(queue));
            assertThat(consumer.get("arguments")).isEqualTo(Map.of("x-priority", 7L));
        }
        tx.close();
    }

    @Test
    void whatAStreamTakesAndGivesIsCounted() throws Exception {
        channel.queueDeclare(name, true, false, false, Map.of("x-queue-type", "stream"));
        channel.confirmSelect();
        for (int i = 0; i < 3; i++) {
            channel.basicPublish("", name, null, new byte[1]);
        }
        channel.waitForConfirmsOrDie(20_000);
        channel.basicQos(10);
        Deliveries reader = new Deliveries(channel, name, false, Map.of("x-stream-offset", "first"));
        for (int i = 0; i < 3; i++) {
            reader.ack(reader.next());
        }
        try (ManagementClient api = broker.management()) {
            Map<?, ?> shown = told(
                    api,
                    "queues/%2F/" + name,
                    map -> map.get("message_stats") instanceof Map<?, ?> stats && Objects.equals(stats.get("ack"), 3L));
            Map<?, ?> stats = (Map<?, ?>) Objects.requireNonNull(shown.get("message_stats"));
            assertThat(List.of(stats.get("publish"), stats.get("deliver"))).isEqualTo(List.of(3L, 3L));
        }
        channel.queueDelete(name);
    }

    @Test
    void aConsistentHashSpreadsByKey() throws Exception {
        channel.exchangeDeclare(name, "x-consistent-hash");
        Map<String, Long> counts = new HashMap<>();
        List<String> queues = List.of(queue(), queue());
        for (String queue : queues) {
            channel.queueBind(queue, name, "1");
        }
        for (int i = 0; i < 200; i++) {
            Deliveries.publish(channel, name, "key" + i, "x");
        }
        for (String queue : queues) {
            counts.put(queue, channel.messageCount(queue));
        }
        assertThat(counts.values()).allSatisfy(count -> assertThat(count).isBetween(50L, 150L));
        assertThat(counts.values().stream().mapToLong(Long::longValue).sum()).isEqualTo(200);
        ErrorCodesIT.assertCloses(406, connection.createChannel(), c -> c.queueBind(queues.getFirst(), name, "key"));
    }

    @Test
    void internalAlternateAndBoundExchangesRoute() throws Exception {
        channel.exchangeDeclare(name + "-in", "fanout", false, true, true, Map.of());
        channel.exchangeDeclare(name, "direct", false, true, Map.of("alternate-exchange", name + "-in"));
        String queue = queue();
        channel.queueBind(queue, name + "-in", "");
        Deliveries.publish(channel, name, "unknown", "alternate");
        assertThat(Deliveries.get(channel, queue)).isEqualTo("alternate");
        ErrorCodesIT.assertCloses(403, connection.createChannel(), c -> {
            Deliveries.publish(c, name + "-in", "", "x");
            c.queueDeclare();
        });
    }

    @Test
    void aHigherConsumerPriorityIsServedFirst() throws Exception {
        String queue = queue();
        Deliveries low = new Deliveries(channel, queue, true, Map.of("x-priority", -1));
        Deliveries high = new Deliveries(channel, queue, true, Map.of("x-priority", 10));
        for (int i = 0; i < 5; i++) {
            Deliveries.publish(channel, "", queue, "" + i);
        }
        assertThat(high.texts(5)).containsExactly("0", "1", "2", "3", "4");
        assertThat(low.waiting()).isZero();
    }
}
