package shop.demo;

import com.rabbitmq.client.AMQP;
import com.rabbitmq.client.Channel;
import com.rabbitmq.client.DefaultConsumer;
import com.rabbitmq.client.Envelope;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.sql.SQLException;
import java.time.Clock;
import java.time.temporal.ChronoUnit;
import java.util.concurrent.CountDownLatch;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Takes receipts from the queue, notes them at their orders and tells the live page; acknowledges only then. */
public final class Worker {
    private static final Logger LOG = LoggerFactory.getLogger(Worker.class);
    private static final int PREFETCH = 10;

    private final Settings settings;
    private final Clock clock;
    private final Database database;
    private final Cache cache;

    private Worker(Settings settings, Clock clock, Database database, Cache cache) {
        this.settings = settings;
        this.clock = clock;
        this.database = database;
        this.cache = cache;
    }

    /** Runs until it is told to stop. */
    public static void main(String[] args) throws Exception {
        Settings settings = Settings.from(System.getenv());
        Clock clock = Clock.systemUTC();
        CountDownLatch stopped = new CountDownLatch(1);
        Database database = new Database(settings.databaseUrl(), 2);
        Startup.await(clock, database::prepare);
        Cache cache = Startup.await(clock, () -> new Cache(settings.cache()));
        Receipts receipts = Startup.await(clock, () -> new Receipts(settings.broker(), settings.instance()));
        Runtime.getRuntime().addShutdownHook(new Thread(stopped::countDown));
        new Worker(settings, clock, database, cache).consume(receipts.channel());
        LOG.info("{} takes receipts from {}", settings.instance(), Receipts.QUEUE);
        stopped.await();
        receipts.close();
        cache.close();
        database.close();
    }

    private void consume(Channel channel) throws IOException {
        channel.basicQos(PREFETCH);
        channel.basicConsume(Receipts.QUEUE, false, new DefaultConsumer(channel) {
            @Override
            public void handleDelivery(String tag, Envelope envelope, AMQP.BasicProperties properties, byte[] body)
                    throws IOException {
                try {
                    send(new String(body, StandardCharsets.UTF_8));
                    channel.basicAck(envelope.getDeliveryTag(), false);
                } catch (SQLException | RuntimeException e) {
                    LOG.warn("receipt {} goes back to the queue", properties.getMessageId(), e);
                    channel.basicNack(envelope.getDeliveryTag(), false, true);
                }
            }
        });
    }

    private void send(String order) throws SQLException {
        int slash = order.indexOf('/');
        if (slash < 0) {
            LOG.warn("not an order: {}", order);
            return;
        }
        long user = Long.parseLong(order, 0, slash, 10);
        long id = Long.parseLong(order, slash + 1, order.length(), 10);
        String receipt =
                "sent by " + settings.instance() + " at " + clock.instant().truncatedTo(ChronoUnit.MILLIS);
        if (database.receipt(user, id, receipt)) {
            cache.announce("receipt " + id + " " + receipt);
        } else {
            LOG.warn("no order {} of user {}", id, user);
        }
    }
}
