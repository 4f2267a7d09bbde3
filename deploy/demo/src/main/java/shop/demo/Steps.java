package shop.demo;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.function.LongSupplier;

/** Owned by one request's thread. What a page did, where, and how long each step took. */
final class Steps {
    private final LongSupplier nanoTime;
    private final List<Step> steps = new ArrayList<>();

    Steps(LongSupplier nanoTime) {
        this.nanoTime = nanoTime;
    }

    /**
     * One step.
     *
     * @param where what answered: hit or miss, the server, the queue
     * @param micros how long it took
     */
    record Step(String name, String where, long micros) {}

    /**
     * A step's result.
     *
     * @param where shown on the page
     */
    record Outcome<T>(T value, String where) {}

    <T> T run(String name, Callable<Outcome<T>> step) throws Exception {
        long start = nanoTime.getAsLong();
        try {
            Outcome<T> outcome = step.call();
            steps.add(new Step(name, outcome.where(), (nanoTime.getAsLong() - start) / 1_000));
            return outcome.value();
        } catch (Exception e) {
            steps.add(new Step(name, "failed: " + e.getMessage(), (nanoTime.getAsLong() - start) / 1_000));
            throw e;
        }
    }

    List<Step> all() {
        return steps;
    }
}
