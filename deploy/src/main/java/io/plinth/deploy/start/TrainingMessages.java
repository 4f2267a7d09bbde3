package io.plinth.deploy.start;

import com.rabbitmq.client.AMQP;
import com.rabbitmq.client.Channel;
import com.rabbitmq.client.Connection;
import com.rabbitmq.client.ConnectionFactory;
import com.rabbitmq.client.DefaultConsumer;
import com.rabbitmq.client.Envelope;
import com.rabbitmq.client.MessageProperties;
import com.rabbitmq.client.ShutdownSignalException;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/**
 * As {@link TrainingTraffic}, for a broker: messages that pass at once, messages that are confirmed and acknowledged, and a queue that grows
 * before it is emptied. Owned by the training's thread.
 */
final class TrainingMessages {
    private static final int PATIENCE_SECONDS = 20;
    /** On their way at once: few, so that there are many turns of the broker's loops. */
    private static final int UNDER_WAY = 50;

    private static final int ACKNOWLEDGED = 10;
    private static final int SMALL = 100;
    private static final int LARGE = 1024;

    private final int messages;
    private final long mostNanos;

    /** Of each kind {@code messages}, but for no longer than {@code most}, and as long again until they are taken. */
    TrainingMessages(int messages, Duration most) {
        this.messages = messages;
        this.mostNanos = most.toNanos();
    }

    /** Returns how many were taken from queues. */
    int through(InetSocketAddress address) throws IOException {
        ConnectionFactory factory = new ConnectionFactory();
        factory.setHost(address.getHostString());
        factory.setPort(address.getPort());
        try (Connection out = factory.newConnection("training");
                Connection in = factory.newConnection("training")) {
            return pass(out, in) + keep(out, in) + grow(out, in);
        } catch (TimeoutException e) {
            throw new IOException("broker: no answer in time", e);
        } catch (ShutdownSignalException e) {
            // Unchecked: the client throws it wherever a channel or connection is found closed.
            throw new IOException("broker: " + e.getMessage(), e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IOException("interrupted", e);
        }
    }

    private int pass(Connection out, Connection in) throws IOException, TimeoutException, InterruptedException {
        try (Channel publisher = out.createChannel();
                Channel consumer = in.createChannel()) {
            consumer.queueDeclare("passes", false, false, false, Map.of());
            Semaphore arrived = consume(consumer, "passes", true, UNDER_WAY);
            int sent = publish(publisher, "passes", MessageProperties.MINIMAL_BASIC, SMALL, arrived);
            await(arrived, UNDER_WAY);
            return sent;
        }
    }

    private int keep(Connection out, Connection in) throws IOException, TimeoutException, InterruptedException {
        try (Channel publisher = out.createChannel();
                Channel consumer = in.createChannel()) {
            consumer.queueDeclare("keeps", true, false, false, Map.of());
            consumer.basicQos(UNDER_WAY);
            publisher.confirmSelect();
            Semaphore arrived = consume(consumer, "keeps", false, UNDER_WAY);
            int sent = publish(publisher, "keeps", MessageProperties.MINIMAL_PERSISTENT_BASIC, LARGE, arrived);
            await(arrived, UNDER_WAY);
            return sent;
        }
    }

    private int grow(Connection out, Connection in) throws IOException, TimeoutException, InterruptedException {
        try (Channel publisher = out.createChannel();
                Channel consumer = in.createChannel()) {
            consumer.queueDeclare("grows", true, false, false, Map.of());
            publisher.confirmSelect();
            Semaphore all = new Semaphore(messages);
            int waiting = publish(publisher, "grows", MessageProperties.MINIMAL_PERSISTENT_BASIC, SMALL, all);
            if (!publisher.waitForConfirms(TimeUnit.SECONDS.toMillis(PATIENCE_SECONDS))) {
                throw new IOException("messages: the broker refused some of " + waiting);
            }
            consumer.basicQos(UNDER_WAY);
            await(consume(consumer, "grows", false, 0), waiting);
            return waiting;
        }
    }

    /** Publishes one for each permit; returns how many. */
    private int publish(Channel publisher, String queue, AMQP.BasicProperties properties, int size, Semaphore permits)
            throws IOException, InterruptedException {
        byte[] body = new byte[size];
        long began = System.nanoTime();
        int sent = 0;
        while (sent < messages && System.nanoTime() - began < mostNanos) {
            await(permits, 1);
            publisher.basicPublish("", queue, properties, body);
            sent++;
        }
        return sent;
    }

    private static void await(Semaphore arrived, int count) throws IOException, InterruptedException {
        if (!arrived.tryAcquire(count, PATIENCE_SECONDS, TimeUnit.SECONDS)) {
            throw new IOException("messages: fewer than " + count + " arrived within " + PATIENCE_SECONDS + " s");
        }
    }

    /** A permit for each that arrives, beside {@code some}. */
    private static Semaphore consume(Channel channel, String queue, boolean autoAck, int some) throws IOException {
        Semaphore arrived = new Semaphore(some);
        channel.basicConsume(queue, autoAck, new DefaultConsumer(channel) {
            @Override
            public void handleDelivery(
                    String consumerTag, Envelope envelope, AMQP.BasicProperties properties, byte[] body)
                    throws IOException {
                if (!autoAck && envelope.getDeliveryTag() % ACKNOWLEDGED == 0) {
                    channel.basicAck(envelope.getDeliveryTag(), true);
                }
                arrived.release();
            }
        });
        return arrived;
    }
}
