package io.plinth.mqbroker;

import static java.nio.charset.StandardCharsets.UTF_8;
import static java.util.concurrent.TimeUnit.SECONDS;
import static org.assertj.core.api.Assertions.assertThat;

import com.rabbitmq.client.AMQP;
import com.rabbitmq.client.Channel;
import com.rabbitmq.client.Delivery;
import com.rabbitmq.client.ShutdownSignalException;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What a queue's arguments do, through RabbitMQ's Java client. */
@Timeout(60)
class QueueArgumentsIT extends ClientFixture {
    private void queue(Map<String, Object> arguments) throws IOException {
        channel.queueDeclare(name, true, false, false, arguments);
    }

    private void publish(String body) throws IOException {
        Deliveries.publish(channel, "", name, body);
    }

    private void publish(String body, Map<String, Object> headers) throws IOException {
        Deliveries.publish(channel, "", name, body, headers);
    }

    private void prioritised(int priority, String body) throws IOException {
        channel.basicPublish(
                "", name, new AMQP.BasicProperties.Builder().priority(priority).build(), body.getBytes(UTF_8));
    }

    private List<String> drain() throws Exception {
        List<String> all = new ArrayList<>();
        for (var got = channel.basicGet(name, true); got != null; got = channel.basicGet(name, true)) {
            all.add(new String(got.getBody(), UTF_8));
        }
        return all;
    }

    @Test
    void higherPrioritiesComeFirstAndEachKeepsItsOrder() throws Exception {
        queue(Map.of("x-max-priority", 5));
        prioritised(1, "low-1");
        prioritised(5, "high-1");
        publish("none");
        prioritised(1, "low-2");
        prioritised(9, "high-2");
        assertThat(drain()).containsExactly("high-1", "high-2", "low-1", "low-2", "none");
    }

    @Test
    void aQuorumQueueHandsOutTwoOfHighPriorityForOneOfNormal() throws Exception {
        queue(Map.of("x-queue-type", "quorum"));
        for (int i = 0; i < 4; i++) {
            prioritised(i + 1, "normal-" + i);
        }
        for (int i = 0; i < 5; i++) {
            prioritised(i + 5, "high-" + i);
        }
        assertThat(drain())
                .containsExactly(
                        "high-0",
                        "high-1",
                        "normal-0",
                        "high-2",
                        "high-3",
                        "normal-1",
                        "high-4",
                        "normal-2",
                        "normal-3");
    }

    @Test
    void aFullQueueOfPrioritiesGivesUpItsLeast() throws Exception {
        queue(Map.of("x-max-priority", 5, "x-max-length", 2));
        prioritised(5, "high");
        prioritised(1, "low");
        prioritised(3, "middle");
        assertThat(drain()).containsExactly("high", "middle");
    }

    @Test
    void rejectPublishDlxRefusesAndDeadLetters() throws Exception {
        String dead = channel.queueDeclare().getQueue();
        queue(Map.of(
                "x-max-length",
                1,
                "x-overflow",
                "reject-publish-dlx",
                "x-dead-letter-exchange",
                "",
                "x-dead-letter-routing-key",
                dead));
        channel.confirmSelect();
        publish("kept");
        assertThat(channel.waitForConfirms(20_000)).isTrue();
        publish("refused");
        assertThat(channel.waitForConfirms(20_000)).isFalse();
        Delivery buried = Deliveries.acked(channel, dead).next();
        assertThat(buried.getBody()).isEqualTo("refused".getBytes(UTF_8));
        assertThat(buried.getProperties().getHeaders().get("x-first-death-reason"))
                .hasToString("maxlen");
        assertThat(drain()).containsExactly("kept");
    }

    @Test
    void whatComesBackTooOftenIsDeadLettered() throws Exception {
        String dead = channel.queueDeclare().getQueue();
        queue(Map.of("x-delivery-limit", 2, "x-dead-letter-exchange", "", "x-dead-letter-routing-key", dead));
        publish("poison");
        Deliveries seen = Deliveries.of(channel, name);
        for (long count = 0; count <= 2; count++) {
            Delivery delivery = seen.next();
            Map<String, Object> headers = delivery.getProperties().getHeaders();
            assertThat(headers.get("x-delivery-count")).isEqualTo(count == 0 ? null : count);
            seen.requeue(delivery);
        }
        Delivery buried = Deliveries.acked(channel, dead).next();
        assertThat(buried.getProperties().getHeaders().get("x-last-death-reason"))
                .hasToString("delivery_limit");
        assertThat(drain()).isEmpty();
    }

    @Test
    void aQuorumQueueIsTheSameQueueWithALimitOfTwenty() throws Exception {
        queue(Map.of("x-queue-type", "quorum"));
        publish("poison");
        Deliveries seen = Deliveries.of(channel, name);
        for (int i = 0; i <= 20; i++) {
            seen.requeue(seen.next());
        }
        assertThat(channel.messageCount(name)).isZero();
        ErrorCodesIT.assertCloses(
                406,
                connection.createChannel(),
                c -> c.queueDeclare("", false, true, true, Map.of("x-queue-type", "quorum")));
    }

    @Test
    void aRetryWaitsLongerEachTime() throws Exception {
        queue(Map.of("x-delayed-retry-min", 100, "x-delayed-retry-multiplier", 3));
        publish("again");
        publish("other");
        Deliveries seen = Deliveries.of(channel, name);
        Delivery first = seen.next();
        Delivery other = seen.next();
        long at = System.nanoTime();
        seen.requeue(first);
        seen.ack(other);
        first = seen.next();
        assertThat((System.nanoTime() - at) / 1_000_000).isGreaterThanOrEqualTo(95);
        assertThat(first.getEnvelope().isRedeliver()).isTrue();
        at = System.nanoTime();
        seen.requeue(first);
        Delivery second = seen.next();
        assertThat((System.nanoTime() - at) / 1_000_000).isGreaterThanOrEqualTo(295);
        assertThat(second.getProperties().getHeaders()).containsEntry("x-delivery-count", 2L);
        seen.ack(second);
    }

    @Test
    void consumersInParallelKeepTheOrderOfEachGroup() throws Exception {
        queue(Map.of("x-message-groups", true));
        Deliveries one = Deliveries.of(channel, name);
        Deliveries two = Deliveries.of(channel, name);
        publish("a1", Map.of("x-message-group", "a"));
        publish("a2", Map.of("x-message-group", "a"));
        publish("b1", Map.of("x-message-group", "b"));
        publish("free");
        List<Delivery> seen = new ArrayList<>();
        for (int i = 0; i < 3; i++) {
            seen.add((one.waiting() + two.waiting() > 0 ? one.waiting() > 0 : true) ? take(one, two) : take(two, one));
        }
        assertThat(seen.stream().map(d -> new String(d.getBody(), UTF_8)))
                .containsExactlyInAnyOrder("a1", "b1", "free");
        assertThat(channel.messageCount(name)).isEqualTo(1);
        Delivery a1 = seen.stream()
                .filter(d -> new String(d.getBody(), UTF_8).equals("a1"))
                .findFirst()
                .orElseThrow();
        one.requeue(a1);
        Delivery again = take(one, two);
        assertThat(new String(again.getBody(), UTF_8)).isEqualTo("a1");
        assertThat(channel.messageCount(name)).isEqualTo(1);
        one.ack(again);
        assertThat(new String(take(one, two).getBody(), UTF_8)).isEqualTo("a2");
    }

    private static Delivery take(Deliveries one, Deliveries two) throws InterruptedException {
        long deadline = System.nanoTime() + 20_000_000_000L;
        while (one.waiting() + two.waiting() == 0) {
            assertThat(System.nanoTime()).isLessThan(deadline);
            Thread.onSpinWait();
        }
        return one.waiting() > 0 ? one.next() : two.next();
    }

    @Test
    void aMessageSeenBeforeIsDropped() throws Exception {
        queue(Map.of("x-message-deduplication", true, "x-cache-size", 2));
        channel.confirmSelect();
        for (String key : List.of("a", "a", "b", "a", "c", "a")) {
            publish(key, Map.of("x-deduplication-header", key));
        }
        publish("unmarked");
        publish("unmarked");
        channel.waitForConfirmsOrDie(20_000);
        // The last a is new again: b and c have pushed it out.
        assertThat(drain()).containsExactly("a", "b", "c", "a", "unmarked", "unmarked");
    }

    @Test
    void oneConsumerAtATimeIsActive() throws Exception {
        queue(Map.of("x-single-active-consumer", true));
        Deliveries first = Deliveries.acked(channel, name);
        Deliveries second = Deliveries.acked(channel, name);
        for (int i = 0; i < 4; i++) {
            publish("" + i);
        }
        assertThat(first.texts(4)).containsExactly("0", "1", "2", "3");
        channel.basicCancel(first.tag);
        publish("4");
        assertThat(second.text()).isEqualTo("4");
        ErrorCodesIT.assertCloses(405, connection.createChannel(), c -> c.basicGet(name, true));
        ErrorCodesIT.assertCloses(
                403,
                connection.createChannel(),
                c -> c.basicConsume(name, true, "", false, true, Map.of(), (t, d) -> {}, t -> {}));
    }

    @Test
    void ofTwoExpirationsTheShorterCounts() throws Exception {
        String dead = channel.queueDeclare().getQueue();
        queue(Map.of("x-message-ttl", 100_000, "x-dead-letter-exchange", "", "x-dead-letter-routing-key", dead));
        channel.basicPublish(
                "", name, new AMQP.BasicProperties.Builder().expiration("30").build(), "short".getBytes(UTF_8));
        Delivery buried = Deliveries.acked(channel, dead).next();
        assertThat(buried.getProperties().getExpiration()).isNull();
        Map<?, ?> death = (Map<?, ?>) ((List<?>) Objects.requireNonNull(
                        buried.getProperties().getHeaders().get("x-death")))
                .getFirst();
        assertThat(death.get("original-expiration")).hasToString("30");
        assertThat(death.get("reason")).hasToString("expired");
    }

    @Test
    void withoutTimeToLiveItIsNowOrNever() throws Exception {
        queue(Map.of("x-message-ttl", 0));
        publish("nobody takes it");
        assertThat(channel.messageCount(name)).isZero();
        assertThat(channel.basicGet(name, true)).isNull();
        Deliveries seen = Deliveries.acked(channel, name);
        publish("taken");
        assertThat(seen.text()).isEqualTo("taken");
    }

    @Test
    void argumentsThatMeanNothingHereAreRefusedAsRabbitMqRefusesThem() throws Exception {
        for (Map<String, Object> arguments : List.<Map<String, Object>>of(
                Map.of("x-queue-mode", "bogus"),
                Map.of("x-queue-version", 3),
                Map.of("x-dead-letter-strategy", 1),
                Map.of("x-queue-leader-locator", "bogus"),
                Map.of("x-queue-type", "stream", "x-message-ttl", 5),
                Map.of("x-queue-type", "stream", "x-overflow", "drop-head"),
                Map.of("x-queue-type", "stream", "x-max-length", 5))) {
            ErrorCodesIT.assertCloses(
                    406, connection.createChannel(), c -> c.queueDeclare(name, true, false, false, arguments));
        }
        ErrorCodesIT.assertCloses(
                406,
                connection.createChannel(),
                c -> c.exchangeDeclare(name, "direct", false, false, Map.of("alternate-exchange", 5)));
        queue(Map.of("x-queue-mode", "lazy", "x-queue-version", 2, "x-queue-leader-locator", "balanced"));
    }

    @Test
    void maxLengthBytesDropsTheHead() throws Exception {
        queue(Map.of("x-max-length-bytes", 10));
        for (int i = 0; i < 5; i++) {
            publish(i + "xxxx");
        }
        assertThat(drain()).as("the sum of the bodies").containsExactly("3xxxx", "4xxxx");
    }

    @Test
    void anAutomaticCycleEndsAndARejectedOneGoesOn() throws Exception {
        queue(Map.of("x-message-ttl", 20, "x-dead-letter-exchange", "", "x-dead-letter-routing-key", name));
        publish("round");
        String other = name + "-2";
        channel.queueDeclare(
                other, true, false, false, Map.of("x-dead-letter-exchange", "", "x-dead-letter-routing-key", other));
        Deliveries seen = Deliveries.of(channel, other);
        Deliveries.publish(channel, "", other, "again");
        for (long count = 0; count < 3; count++) {
            Delivery delivery = seen.next();
            if (count > 0) {
                Map<?, ?> death = (Map<?, ?>) ((List<?>) Objects.requireNonNull(
                                delivery.getProperties().getHeaders().get("x-death")))
                        .getFirst();
                assertThat(death.get("count")).isEqualTo(count);
            }
            channel.basicReject(delivery.getEnvelope().getDeliveryTag(), false);
        }
        long deadline = System.nanoTime() + 20_000_000_000L;
        while (channel.messageCount(name) > 0) {
            assertThat(System.nanoTime()).as("the cycle ends").isLessThan(deadline);
            Thread.onSpinWait();
        }
    }

    @Test
    void whoDoesNotAcknowledgeInTimeLosesItsChannel() throws Exception {
        queue(Map.of("x-consumer-timeout", 300));
        publish("late");
        Channel slow = connection.createChannel();
        CompletableFuture<ShutdownSignalException> closed = new CompletableFuture<>();
        slow.addShutdownListener(closed::complete);
        Deliveries held = Deliveries.of(slow, name);
        assertThat(held.text()).isEqualTo("late");
        AMQP.Channel.Close close = (AMQP.Channel.Close) closed.get(20, SECONDS).getReason();
        assertThat(close.getReplyCode()).isEqualTo(AMQP.PRECONDITION_FAILED);
        assertThat(close.getReplyText())
                .contains("delivery acknowledgement on channel " + slow.getChannelNumber()
                        + " timed out. Timeout value used: 300 ms");
        Delivery again = Deliveries.of(channel, name).next();
        assertThat(again.getEnvelope().isRedeliver()).isTrue();
        assertThat(connection.isOpen()).isTrue();
    }

    @Test
    void whoAcknowledgesInTimeKeepsItsChannel() throws Exception {
        queue(Map.of("x-consumer-timeout", 400));
        Deliveries seen = Deliveries.of(channel, name);
        long end = System.nanoTime() + SECONDS.toNanos(1);
        while (System.nanoTime() < end) {
            publish("soon");
            seen.ack(seen.next());
        }
        assertThat(channel.isOpen()).isTrue();
    }
}
