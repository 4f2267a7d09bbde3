package io.plinth.deploy.mq;

import com.rabbitmq.client.AMQP;
import com.rabbitmq.client.BuiltinExchangeType;
import com.rabbitmq.client.Channel;
import com.rabbitmq.client.Connection;
import com.rabbitmq.client.DefaultConsumer;
import com.rabbitmq.client.Envelope;
import io.plinth.deploy.DeployException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;

/**
 * Moves the messages of one queue: each is acknowledged where it was only once the other broker has confirmed it, so one that is killed
 * loses nothing, and the next goes on; what was confirmed and not acknowledged by then arrives twice.
 *
 * <p>Messages pass a fanout exchange of their own with that one queue behind it, since it keeps their routing keys, and a header of further
 * keys leads nowhere else. Deliveries come on a thread of the client's, confirms on another; both touch only what is made for it.
 */
final class QueueMove {
    private static final int UNDER_WAY = 500;
    private static final long LOOK_MILLIS = 50;
    private static final Duration QUIET = Duration.ofMillis(500);

    private final Connection from;
    private final Connection to;
    private final String user;
    private final String queue;
    private final Duration patience;
    private final ConcurrentSkipListMap<Long, Long> unconfirmed = new ConcurrentSkipListMap<>();
    private final AtomicLong moved = new AtomicLong();
    private final AtomicLong changed = new AtomicLong(System.nanoTime());
    private final AtomicReference<@Nullable String> failure = new AtomicReference<>();
    private final CountDownLatch cancelled = new CountDownLatch(1);

    /**
     * A move that has not begun.
     *
     * @param user who publishes at {@code to}: no message may name another
     * @param patience how long it waits for messages that are there and do not come
     */
    QueueMove(Connection from, Connection to, String user, String queue, Duration patience) {
        this.from = from;
        this.to = to;
        this.user = user;
        this.queue = queue;
        this.patience = patience;
    }

    /** Goes on until the queue is empty; returns how many messages were moved. */
    long run() throws IOException, InterruptedException, DeployException {
        Channel target = to.createChannel();
        Channel source = from.createChannel();
        String exchange = "plinth.move." + UUID.nameUUIDFromBytes(queue.getBytes(StandardCharsets.UTF_8));
        prepare(target, exchange);
        source.basicQos(UNDER_WAY);
        String tag = source.basicConsume(queue, false, new DefaultConsumer(source) {
            @Override
            public void handleDelivery(String t, Envelope envelope, AMQP.BasicProperties properties, byte[] body)
                    throws IOException {
                changed.set(System.nanoTime());
                unconfirmed.put(target.getNextPublishSeqNo(), envelope.getDeliveryTag());
                target.basicPublish(exchange, envelope.getRoutingKey(), true, own(properties), body);
            }

            @Override
            public void handleCancelOk(String t) {
                cancelled.countDown();
            }

            @Override
            public void handleCancel(String t) {
                failure.compareAndSet(null, "the queue was deleted meanwhile");
            }
        });
        listen(target, source);
        untilEmpty(source);
        source.basicCancel(tag);
        cancelled.await(patience.toMillis(), TimeUnit.MILLISECONDS);
        settle();
        target.exchangeDelete(exchange);
        close(target);
        close(source);
        return moved.get();
    }

    private static void close(Channel channel) throws IOException {
        try {
            channel.close();
        } catch (java.util.concurrent.TimeoutException e) {
            throw new IOException(e);
        }
    }

    private void prepare(Channel target, String exchange) throws IOException, DeployException {
        try {
            target.queueDeclarePassive(queue);
        } catch (IOException e) {
            throw new DeployException("queue " + queue
                    + ": not there to move into (expected: made before, or by definitions that are moved too)");
        }
        target.exchangeDeclare(exchange, BuiltinExchangeType.FANOUT, false, true, Map.of());
        target.queueBind(queue, exchange, "");
        target.confirmSelect();
    }

    private void listen(Channel target, Channel source) {
        target.addReturnListener(
                returned -> failure.compareAndSet(null, "a message found no queue: " + returned.getReplyText()));
        target.addConfirmListener(
                (number, multiple) -> confirmed(source, number, multiple),
                (number, multiple) ->
                        failure.compareAndSet(null, "a message was refused (is the queue full, with x-overflow?)"));
        target.addShutdownListener(cause -> failure.compareAndSet(null, cause.getMessage()));
        source.addShutdownListener(cause -> failure.compareAndSet(null, cause.getMessage()));
    }

    private void confirmed(Channel source, long number, boolean multiple) throws IOException {
        changed.set(System.nanoTime());
        if (failure.get() != null) {
            return;
        }
        Map<Long, Long> done =
                multiple ? unconfirmed.headMap(number, true) : unconfirmed.subMap(number, true, number, true);
        for (long delivery : done.values()) {
            source.basicAck(delivery, false);
            moved.incrementAndGet();
        }
        done.clear();
    }

    /** A broker refuses a message that names another user than the one that publishes it. */
    private AMQP.BasicProperties own(AMQP.BasicProperties properties) {
        String named = properties.getUserId();
        return named == null || named.equals(user)
                ? properties
                : properties.builder().userId(null).build();
    }

    private void untilEmpty(Channel source) throws IOException, InterruptedException, DeployException {
        while (true) {
            check();
            long quiet = System.nanoTime() - changed.get();
            if (unconfirmed.isEmpty() && quiet > QUIET.toNanos()) {
                long left = source.messageCount(queue);
                if (left == 0) {
                    return;
                }
                if (quiet > patience.toNanos()) {
                    throw new DeployException("queue " + queue + ": " + left + " messages wait and do not come"
                            + " (expected: no other consumer is the single active one, and nothing delays them)");
                }
            }
            TimeUnit.MILLISECONDS.sleep(LOOK_MILLIS);
        }
    }

    /** What came while the consumer ended is brought to its end too. */
    private void settle() throws InterruptedException, DeployException {
        long deadline = System.nanoTime() + patience.toNanos();
        while (!unconfirmed.isEmpty()) {
            check();
            if (System.nanoTime() > deadline) {
                throw new DeployException("queue " + queue + ": " + unconfirmed.size()
                        + " messages are not confirmed (expected: within " + patience.toSeconds() + " s)");
            }
            TimeUnit.MILLISECONDS.sleep(LOOK_MILLIS);
        }
    }

    private void check() throws DeployException {
        String reason = failure.get();
        if (reason != null) {
            throw new DeployException("queue " + queue + ": " + reason + "; " + moved.get()
                    + " messages were moved, the others are where they were");
        }
    }
}
