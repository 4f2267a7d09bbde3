package io.plinth.mqbroker;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.rabbitmq.client.AMQP;
import com.rabbitmq.client.Channel;
import com.rabbitmq.client.Delivery;
import com.rabbitmq.client.GetResponse;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;

/** A consumer's deliveries, in order, for a test to wait for. */
final class Deliveries {
    private final BlockingQueue<Delivery> seen = new LinkedBlockingQueue<>();
    private final Channel channel;
    final String tag;

    Deliveries(Channel channel, String queue, boolean autoAck, Map<String, Object> arguments) throws IOException {
        this.channel = channel;
        this.tag = channel.basicConsume(queue, autoAck, arguments, (t, delivery) -> seen.add(delivery), t -> {});
    }

    static Deliveries of(Channel channel, String queue) throws IOException {
        return new Deliveries(channel, queue, false, Map.of());
    }

    static Deliveries acked(Channel channel, String queue) throws IOException {
        return new Deliveries(channel, queue, true, Map.of());
    }

    Delivery next() throws InterruptedException {
        return Objects.requireNonNull(seen.poll(20, TimeUnit.SECONDS), "no delivery within 20 s");
    }

    String text() throws InterruptedException {
        return new String(next().getBody(), UTF_8);
    }

    List<String> texts(int count) throws InterruptedException {
        List<String> all = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            all.add(text());
        }
        return all;
    }

    void ack(Delivery delivery) throws IOException {
        channel.basicAck(delivery.getEnvelope().getDeliveryTag(), false);
    }

    void requeue(Delivery delivery) throws IOException {
        channel.basicNack(delivery.getEnvelope().getDeliveryTag(), false, true);
    }

    int waiting() {
        return seen.size();
    }

    static void publish(Channel channel, String exchange, String key, String body) throws IOException {
        publish(channel, exchange, key, body, Map.of());
    }

    static void publish(Channel channel, String exchange, String key, String body, Map<String, Object> headers)
            throws IOException {
        AMQP.BasicProperties properties = new AMQP.BasicProperties.Builder()
                .deliveryMode(2)
                .headers(headers)
                .build();
        channel.basicPublish(exchange, key, properties, body.getBytes(UTF_8));
    }

    /** Takes a message that is there, or will be soon. */
    static String get(Channel channel, String queue) throws Exception {
        return new String(take(channel, queue).getBody(), UTF_8);
    }

    /** The same with all that is known of it. */
    static GetResponse take(Channel channel, String queue) throws Exception {
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(20);
        GetResponse got = channel.basicGet(queue, true);
        while (got == null && System.nanoTime() < deadline) {
            TimeUnit.MILLISECONDS.sleep(10);
            got = channel.basicGet(queue, true);
        }
        return Objects.requireNonNull(got, queue);
    }
}
