package shop.demo;

import java.security.SecureRandom;
import java.time.Clock;
import java.util.concurrent.CountDownLatch;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** One instance of the shop's web page. */
public final class Web {
    private static final Logger LOG = LoggerFactory.getLogger(Web.class);
    private static final int DATABASE_CONNECTIONS = 8;

    private Web() {}

    /** Serves until it is told to stop; the port opens once everything behind it answers. */
    public static void main(String[] args) throws Exception {
        Settings settings = Settings.from(System.getenv());
        Clock clock = Clock.systemUTC();
        CountDownLatch stopped = new CountDownLatch(1);
        Database database = new Database(settings.databaseUrl(), DATABASE_CONNECTIONS);
        Startup.await(clock, database::prepare);
        Cache cache = Startup.await(clock, () -> new Cache(settings.cache()));
        Receipts receipts = Startup.await(clock, () -> new Receipts(settings.broker(), settings.instance()));
        Shop shop = new Shop(settings.instance(), System::nanoTime, new SecureRandom(), cache, database, receipts);
        WebServer server = new WebServer(settings.instance(), settings.port(), shop);
        cache.listen(server::tell);
        Runtime.getRuntime().addShutdownHook(new Thread(stopped::countDown));
        LOG.info("{} serves http://127.0.0.1:{}/", settings.instance(), settings.port());
        stopped.await();
        server.close();
        receipts.close();
        cache.close();
        database.close();
    }
}
