package io.plinth.mqbroker;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import com.rabbitmq.client.AMQP;
import com.rabbitmq.client.AlreadyClosedException;
import com.rabbitmq.client.BuiltinExchangeType;
import com.rabbitmq.client.Channel;
import com.rabbitmq.client.Connection;
import com.rabbitmq.client.DefaultConsumer;
import com.rabbitmq.client.Delivery;
import com.rabbitmq.client.Envelope;
import com.rabbitmq.client.GetResponse;
import com.rabbitmq.client.MessageProperties;
import com.rabbitmq.client.Return;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** The broker through RabbitMQ's own Java client. */
@Timeout(60)
@ClientFixture.Section("{ limits: { message: 1MiB } }")
class ClientIT extends ClientFixture {
    private String queue() throws IOException {
        return channel.queueDeclare(name, true, false, false, Map.of()).getQueue();
    }

    private static String text(byte[] body) {
        return new String(body, UTF_8);
    }

    private BlockingQueue<Delivery> consume(Channel on, String queue, boolean autoAck) throws IOException {
        BlockingQueue<Delivery> seen = new LinkedBlockingQueue<>();
        on.basicConsume(queue, autoAck, (tag, delivery) -> seen.add(delivery), tag -> {});
        return seen;
    }

    private static Delivery next(BlockingQueue<Delivery> seen) throws InterruptedException {
        return Objects.requireNonNull(seen.poll(20, TimeUnit.SECONDS), "no delivery within 20 s");
    }

    @Test
    void aConfirmedMessageIsConsumedWithItsProperties() throws Exception {
        queue();
        channel.confirmSelect();
        AMQP.BasicProperties properties = new AMQP.BasicProperties.Builder()
                .contentType("text/plain")
                .headers(Map.of("n", 7, "s", "text"))
                .deliveryMode(2)
                .correlationId("c-1")
                .build();
        channel.basicPublish("", name, properties, "hello".getBytes(UTF_8));
        channel.waitForConfirmsOrDie(20_000);

        BlockingQueue<Delivery> seen = consume(channel, name, false);
        Delivery delivery = next(seen);
        assertThat(text(delivery.getBody())).isEqualTo("hello");
        assertThat(delivery.getProperties().getCorrelationId()).isEqualTo("c-1");
        assertThat(delivery.getProperties().getHeaders()).containsEntry("n", 7);
        assertThat(delivery.getEnvelope().isRedeliver()).isFalse();
        channel.basicAck(delivery.getEnvelope().getDeliveryTag(), false);
        assertThat(channel.queueDelete(name).getMessageCount()).isZero();
    }

    @Test
    void thousandsOfConfirmsArriveAndOrderIsKept() throws Exception {
        queue();
        channel.confirmSelect();
        byte[] body = new byte[100];
        for (int i = 0; i < 5000; i++) {
            channel.basicPublish(
                    "",
                    name,
                    new AMQP.BasicProperties.Builder()
                            .deliveryMode(2)
                            .messageId("" + i)
                            .build(),
                    body);
        }
        channel.waitForConfirmsOrDie(30_000);
        channel.basicQos(100);
        BlockingQueue<Delivery> seen = consume(channel, name, false);
        for (int i = 0; i < 5000; i++) {
            Delivery delivery = next(seen);
            assertThat(delivery.getProperties().getMessageId()).isEqualTo("" + i);
            if (i % 50 == 49) {
                channel.basicAck(delivery.getEnvelope().getDeliveryTag(), true);
            }
        }
    }

    @Test
    void aBodyOfManyFramesArrivesWhole() throws Exception {
        queue();
        byte[] body = new byte[1_000_000];
        for (int i = 0; i < body.length; i++) {
            body[i] = (byte) (i * 31);
        }
        channel.confirmSelect();
        channel.basicPublish("", name, MessageProperties.PERSISTENT_BASIC, body);
        channel.basicPublish("", name, MessageProperties.PERSISTENT_BASIC, new byte[0]);
        channel.waitForConfirmsOrDie(20_000);
        assertThat(channel.basicGet(name, true).getBody()).isEqualTo(body);
        assertThat(channel.basicGet(name, true).getBody()).isEmpty();
    }

    @Test
    void anUnroutableMandatoryMessageComesBackBeforeItsConfirm() throws Exception {
        BlockingQueue<String> order = new LinkedBlockingQueue<>();
        channel.confirmSelect();
        channel.addReturnListener((Return r) -> order.add(r.getReplyCode() + " " + r.getReplyText()));
        channel.addConfirmListener((tag, multiple) -> order.add("ack"), (tag, multiple) -> order.add("nack"));
        channel.basicPublish("", "nowhere", true, null, "x".getBytes(UTF_8));
        assertThat(order.poll(20, TimeUnit.SECONDS)).isEqualTo("312 NO_ROUTE");
        assertThat(order.poll(20, TimeUnit.SECONDS)).isEqualTo("ack");
    }

    @Test
    void prefetchBoundsWhatIsHandedOut() throws Exception {
        queue();
        for (int i = 0; i < 10; i++) {
            channel.basicPublish("", name, null, ("" + i).getBytes(UTF_8));
        }
        channel.basicQos(3);
        BlockingQueue<Delivery> seen = consume(channel, name, false);
        for (int i = 0; i < 3; i++) {
            next(seen);
        }
        assertThat(channel.messageCount(name)).isEqualTo(7);
        assertThat(seen).isEmpty();
        channel.basicAck(2, true);
        assertThat(text(next(seen).getBody())).isEqualTo("3");
        assertThat(text(next(seen).getBody())).isEqualTo("4");
        assertThat(channel.messageCount(name)).isEqualTo(5);
    }

    @Test
    void globalPrefetchIsSharedByTheConsumersOfAChannel() throws Exception {
        queue();
        String other = channel.queueDeclare().getQueue();
        for (int i = 0; i < 5; i++) {
            channel.basicPublish("", name, null, "a".getBytes(UTF_8));
            channel.basicPublish("", other, null, "b".getBytes(UTF_8));
        }
        channel.basicQos(2, true);
        BlockingQueue<Delivery> seen = new LinkedBlockingQueue<>();
        channel.basicConsume(name, false, (tag, delivery) -> seen.add(delivery), tag -> {});
        channel.basicConsume(other, false, (tag, delivery) -> seen.add(delivery), tag -> {});
        int got = 0;
        while (got < 10) {
            Delivery delivery = next(seen);
            got++;
            assertThat(channel.messageCount(name) + channel.messageCount(other)).isGreaterThanOrEqualTo(10 - got - 1);
            channel.basicAck(delivery.getEnvelope().getDeliveryTag(), false);
        }
    }

    @Test
    void nackRequeuesInPlaceAndMarksAsRedelivered() throws Exception {
        queue();
        for (String body : List.of("a", "b", "c")) {
            channel.basicPublish("", name, null, body.getBytes(UTF_8));
        }
        GetResponse a = channel.basicGet(name, false);
        GetResponse b = channel.basicGet(name, false);
        assertThat(b.getMessageCount()).isEqualTo(1);
        channel.basicNack(b.getEnvelope().getDeliveryTag(), true, true);
        List<String> order = new ArrayList<>();
        for (int i = 0; i < 3; i++) {
            GetResponse got = channel.basicGet(name, true);
            order.add(text(got.getBody()) + got.getEnvelope().isRedeliver());
        }
        assertThat(text(a.getBody())).isEqualTo("a");
        assertThat(order).containsExactly("atrue", "btrue", "cfalse");
        assertThat(channel.basicGet(name, true)).isNull();
    }

    @Test
    void closingAChannelRequeuesWhatItHeld() throws Exception {
        queue();
        channel.basicPublish("", name, null, "x".getBytes(UTF_8));
        Channel second = connection.createChannel();
        assertThat(second.basicGet(name, false)).isNotNull();
        assertThat(channel.messageCount(name)).isZero();
        second.close();
        assertThat(channel.messageCount(name)).isEqualTo(1);
        assertThat(channel.basicGet(name, true).getEnvelope().isRedeliver()).isTrue();
    }

    @Test
    void rejectDeadLettersWithTheStoryOfTheDeath() throws Exception {
        channel.exchangeDeclare("dlx", "direct");
        String dead = channel.queueDeclare().getQueue();
        channel.queueBind(dead, "dlx", "buried");
        channel.queueDeclare(
                name,
                true,
                false,
                false,
                Map.of("x-dead-letter-exchange", "dlx", "x-dead-letter-routing-key", "buried"));
        channel.basicPublish("", name, MessageProperties.PERSISTENT_TEXT_PLAIN, "x".getBytes(UTF_8));
        BlockingQueue<Delivery> buried = consume(channel, dead, true);
        BlockingQueue<Delivery> seen = consume(channel, name, false);
        channel.basicReject(next(seen).getEnvelope().getDeliveryTag(), false);
        Delivery delivery = next(buried);
        assertThat(text(delivery.getBody())).isEqualTo("x");
        assertThat(delivery.getProperties().getContentType()).isEqualTo("text/plain");
        List<?> deaths = (List<?>)
                Objects.requireNonNull(delivery.getProperties().getHeaders().get("x-death"));
        Map<?, ?> death = (Map<?, ?>) deaths.getFirst();
        assertThat(death.get("reason")).hasToString("rejected");
        assertThat(death.get("queue")).hasToString(name);
        assertThat(death.get("count")).isEqualTo(1L);
    }

    @Test
    void messagesAndQueuesExpire() throws Exception {
        String dead = channel.queueDeclare().getQueue();
        channel.queueBind(dead, "amq.fanout", "");
        channel.queueDeclare(
                name, false, false, false, Map.of("x-message-ttl", 50, "x-dead-letter-exchange", "amq.fanout"));
        channel.basicPublish("", name, null, "x".getBytes(UTF_8));
        assertThat(text(next(consume(channel, dead, true)).getBody())).isEqualTo("x");

        String shortLived = channel.queueDeclare("", false, false, false, Map.of("x-expires", 50))
                .getQueue();
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(20);
        boolean gone = false;
        while (!gone && System.nanoTime() < deadline) {
            TimeUnit.MILLISECONDS.sleep(100);
            try (Channel probe = connection.createChannel()) {
                probe.queueDeclarePassive(shortLived);
            } catch (IOException | AlreadyClosedException e) {
                gone = true;
            }
        }
        assertThat(gone).isTrue();
    }

    @Test
    void aFullQueueDropsItsHeadOrRefuses() throws Exception {
        channel.queueDeclare(name, false, false, true, Map.of("x-max-length", 2));
        for (String body : List.of("a", "b", "c")) {
            channel.basicPublish("", name, null, body.getBytes(UTF_8));
        }
        assertThat(text(channel.basicGet(name, true).getBody())).isEqualTo("b");

        String strict = channel.queueDeclare(
                        "", false, true, true, Map.of("x-max-length", 1, "x-overflow", "reject-publish"))
                .getQueue();
        channel.confirmSelect();
        channel.basicPublish("", strict, null, "a".getBytes(UTF_8));
        assertThat(channel.waitForConfirms(20_000)).isTrue();
        channel.basicPublish("", strict, null, "b".getBytes(UTF_8));
        assertThat(channel.waitForConfirms(20_000)).isFalse();
    }

    @Test
    void everyExchangeTypeRoutes() throws Exception {
        String queue = channel.queueDeclare().getQueue();
        for (BuiltinExchangeType type : List.of(
                BuiltinExchangeType.DIRECT,
                BuiltinExchangeType.FANOUT,
                BuiltinExchangeType.TOPIC,
                BuiltinExchangeType.HEADERS)) {
            channel.exchangeDeclare("x-" + type.getType(), type, false, true, Map.of());
        }
        channel.queueBind(queue, "x-direct", "key");
        channel.queueBind(queue, "x-fanout", "");
        channel.queueBind(queue, "x-topic", "a.*.#");
        channel.queueBind(queue, "x-headers", "", Map.of("x-match", "any", "h", "v"));
        channel.exchangeBind("x-direct", "x-topic", "via.#");
        AMQP.BasicProperties header =
                new AMQP.BasicProperties.Builder().headers(Map.of("h", "v")).build();
        channel.basicPublish("x-direct", "key", null, "direct".getBytes(UTF_8));
        channel.basicPublish("x-direct", "other", null, "no".getBytes(UTF_8));
        channel.basicPublish("x-fanout", "any", null, "fanout".getBytes(UTF_8));
        channel.basicPublish("x-topic", "a.b", null, "topic".getBytes(UTF_8));
        channel.basicPublish("x-topic", "a", null, "no".getBytes(UTF_8));
        channel.basicPublish("x-headers", "", header, "headers".getBytes(UTF_8));
        channel.basicPublish("x-headers", "", null, "no".getBytes(UTF_8));
        List<String> got = new ArrayList<>();
        for (int i = 0; i < 4; i++) {
            got.add(text(channel.basicGet(queue, true).getBody()));
        }
        assertThat(got).containsExactly("direct", "fanout", "topic", "headers");
        assertThat(channel.basicGet(queue, true)).isNull();
        channel.queueDelete(queue);
        ErrorCodesIT.assertCloses(404, connection.createChannel(), c -> c.exchangeDeclarePassive("x-fanout"));
    }

    @Test
    void anExclusiveQueueIsForItsConnectionAndEndsWithIt() throws Exception {
        String exclusive = channel.queueDeclare().getQueue();
        assertThat(exclusive).startsWith("amq.gen-");
        try (Connection other = broker.connect()) {
            ErrorCodesIT.assertCloses(405, other.createChannel(), c -> c.queueDeclarePassive(exclusive));
            connection.close();
            ErrorCodesIT.assertCloses(404, other.createChannel(), c -> c.queueDeclarePassive(exclusive));
        }
    }

    @Test
    void anAutoDeleteQueueEndsWithItsLastConsumer() throws Exception {
        channel.queueDeclare(name, false, false, true, Map.of());
        String tag = channel.basicConsume(name, true, (t, d) -> {}, t -> {});
        channel.basicCancel(tag);
        ErrorCodesIT.assertCloses(404, connection.createChannel(), c -> c.queueDeclarePassive(name));
    }

    @Test
    void consumersShareAQueueInTurn() throws Exception {
        queue();
        Set<String> tags = ConcurrentHashMap.newKeySet();
        BlockingQueue<Delivery> seen = new LinkedBlockingQueue<>();
        for (int i = 0; i < 2; i++) {
            channel.basicConsume(
                    name,
                    true,
                    (tag, delivery) -> {
                        tags.add(tag);
                        seen.add(delivery);
                    },
                    tag -> {});
        }
        for (int i = 0; i < 10; i++) {
            channel.basicPublish("", name, null, "x".getBytes(UTF_8));
        }
        for (int i = 0; i < 10; i++) {
            next(seen);
        }
        assertThat(tags).hasSize(2);
    }

    @Test
    void deletingAQueueCancelsItsConsumers() throws Exception {
        queue();
        BlockingQueue<String> cancelled = new LinkedBlockingQueue<>();
        channel.basicConsume(name, true, new DefaultConsumer(channel) {
            @Override
            public void handleCancel(String tag) {
                cancelled.add(tag);
            }

            @Override
            public void handleDelivery(String tag, Envelope e, AMQP.BasicProperties p, byte[] body) {}
        });
        channel.queueDelete(name);
        assertThat(cancelled.poll(20, TimeUnit.SECONDS)).isNotNull();
    }

    @Test
    void recoverRequeuesAndPurgeEmpties() throws Exception {
        queue();
        channel.basicPublish("", name, null, "x".getBytes(UTF_8));
        channel.basicPublish("", name, null, "y".getBytes(UTF_8));
        channel.basicGet(name, false);
        channel.basicRecover(true);
        assertThat(channel.messageCount(name)).isEqualTo(2);
        assertThat(channel.queuePurge(name).getMessageCount()).isEqualTo(2);
        assertThat(channel.queueDelete("never-declared").getMessageCount()).isZero();
    }

    @Test
    void managementShowsQueuesAndConnections() throws Exception {
        queue();
        channel.basicPublish("", name, null, new byte[1]);
        channel.queueDeclarePassive(name);
        var http = java.net.http.HttpClient.newHttpClient();
        for (String path : List.of("/queues", "/connections")) {
            var request = java.net.http.HttpRequest.newBuilder(java.net.URI.create(
                            "http://127.0.0.1:" + broker.admin().getPort() + path))
                    .build();
            var response = http.send(request, java.net.http.HttpResponse.BodyHandlers.ofString());
            assertThat(response.statusCode()).isEqualTo(200);
            assertThat(response.body()).contains(path.equals("/queues") ? name : "\"user\":\"guest\"");
        }
    }
}
