package io.plinth.mqbroker;

import com.rabbitmq.client.AMQP;
import com.rabbitmq.client.Channel;
import java.io.IOException;
import java.util.concurrent.Semaphore;

/** A publisher that waits while so many of its messages are not confirmed. */
final class Confirms {
    private final Channel channel;
    private final int unconfirmed;
    private final Semaphore open;
    private long last;

    Confirms(Channel channel, int unconfirmed) throws IOException {
        this.channel = channel;
        this.unconfirmed = unconfirmed;
        this.open = new Semaphore(unconfirmed);
        channel.confirmSelect();
        channel.addConfirmListener(this::confirmed, (tag, multiple) -> {
            throw new IllegalStateException("refused: " + tag);
        });
    }

    private void confirmed(long tag, boolean multiple) {
        open.release(multiple ? (int) (tag - last) : 1);
        last = tag;
    }

    void publish(String exchange, String key, AMQP.BasicProperties properties, byte[] body) throws Exception {
        open.acquire();
        channel.basicPublish(exchange, key, properties, body);
    }

    void await() throws InterruptedException {
        open.acquire(unconfirmed);
        open.release(unconfirmed);
    }
}
