package shop.demo;

import com.rabbitmq.client.AMQP;
import com.rabbitmq.client.Channel;
import com.rabbitmq.client.Connection;
import com.rabbitmq.client.ConnectionFactory;
import com.rabbitmq.client.MessageProperties;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.locks.ReentrantLock;

/** The durable queue between the page and the workers: an order's user and number, once it is in the database. */
final class Receipts implements AutoCloseable {
    static final String QUEUE = "receipts";
    private static final long CONFIRM_MILLIS = 5_000;

    private final Connection connection;
    private final Channel channel;
    private final ReentrantLock publishing = new ReentrantLock();

    Receipts(String uri, String instance) throws IOException {
        try {
            ConnectionFactory factory = new ConnectionFactory();
            factory.setUri(uri);
            factory.setAutomaticRecoveryEnabled(true);
            factory.setNetworkRecoveryInterval(500);
            connection = factory.newConnection(instance);
            channel = connection.createChannel();
            channel.queueDeclare(QUEUE, true, false, false, null);
            channel.confirmSelect();
        } catch (TimeoutException | java.security.GeneralSecurityException | java.net.URISyntaxException e) {
            throw new IOException("broker " + uri.replaceAll(":[^:/@]*@", ":***@") + ": " + e, e);
        }
    }

    /** Returns once the broker has confirmed the message, that is, holds it safely. */
    void request(long user, long id) throws IOException, InterruptedException, TimeoutException {
        AMQP.BasicProperties persistent = MessageProperties.PERSISTENT_TEXT_PLAIN
                .builder()
                .messageId(user + "/" + id)
                .build();
        publishing.lock();
        try {
            channel.basicPublish("", QUEUE, persistent, (user + "/" + id).getBytes(StandardCharsets.UTF_8));
            channel.waitForConfirmsOrDie(CONFIRM_MILLIS);
        } finally {
            publishing.unlock();
        }
    }

    /** For a worker, which has the channel to itself. */
    Channel channel() {
        return channel;
    }

    @Override
    public void close() throws IOException {
        connection.close(2_000);
    }
}
