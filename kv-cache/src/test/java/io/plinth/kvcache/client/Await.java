package io.plinth.kvcache.client;

import java.time.Duration;
import java.util.concurrent.Callable;

/** Waits for a condition, at most thirty seconds. */
final class Await {
    private Await() {}

    static void until(String what, Callable<Boolean> condition) throws Exception {
        long deadline = System.nanoTime() + Duration.ofSeconds(30).toNanos();
        while (!condition.call()) {
            if (System.nanoTime() > deadline) {
                throw new AssertionError("within 30 s: " + what);
            }
            Thread.sleep(10);
        }
    }
}
