package shop.demo;

import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.concurrent.Callable;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** What stands behind may start after us: tries again for a minute. */
final class Startup {
    private static final Logger LOG = LoggerFactory.getLogger(Startup.class);
    private static final Duration PATIENCE = Duration.ofSeconds(60);
    private static final long PAUSE_MILLIS = 200;

    private Startup() {}

    /** An attempt without a result. */
    interface Attempt {
        void run() throws Exception;
    }

    static void await(Clock clock, Attempt attempt) throws Exception {
        await(clock, () -> {
            attempt.run();
            return Boolean.TRUE;
        });
    }

    static <T> T await(Clock clock, Callable<T> attempt) throws Exception {
        Instant end = clock.instant().plus(PATIENCE);
        while (true) {
            try {
                return attempt.call();
            } catch (Exception e) {
                if (clock.instant().isAfter(end)) {
                    throw e;
                }
                LOG.info("not there yet: {}", e.getMessage());
                TimeUnit.MILLISECONDS.sleep(PAUSE_MILLIS);
            }
        }
    }
}
