package io.plinth.testkit;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Guarded by itself. Records what clients asked and were answered, and in what order, for {@link Linearizability}. An
 * operation that neither {@link Call#returned} nor {@link Call#failed} is one whose fate nobody knows: it may have happened
 * at any time since, or may never.
 *
 * @param <I> what is asked
 * @param <O> what is answered
 */
public final class History<I, O> {
    private final List<Operation<I, O>> finished = new ArrayList<>();
    private final List<Call<I, O>> open = new ArrayList<>();
    private long order;

    /**
     * One operation on one key.
     *
     * @param output null when nobody knows it
     * @param called its place in the order of all calls and returns
     * @param returned the return's place, or {@link Long#MAX_VALUE} when there was none
     */
    public record Operation<I, O>(
            String client, String key, I input, @Nullable O output, long called, long returned) {
        @Override
        public String toString() {
            String end = returned == Long.MAX_VALUE ? "?" : String.valueOf(returned);
            return "[" + called + ".." + end + "] " + client + " " + key + ": " + input + " -> "
                    + (output == null ? "unknown" : output);
        }
    }

    /** An operation under way. */
    public static final class Call<I, O> {
        private final History<I, O> history;
        private final String client;
        private final String key;
        private final I input;
        private final long called;

        private Call(History<I, O> history, String client, String key, I input, long called) {
            this.history = history;
            this.client = client;
            this.key = key;
            this.input = input;
            this.called = called;
        }

        /** It was answered. */
        public void returned(O output) {
            history.end(this, output);
        }

        /** It surely had no effect, and is forgotten. */
        public void failed() {
            history.end(this, null);
        }

        private Operation<I, O> operation(@Nullable O output, long returned) {
            return new Operation<>(client, key, input, output, called, returned);
        }
    }

    /** A client asks. */
    public synchronized Call<I, O> call(String client, String key, I input) {
        Call<I, O> call = new Call<>(this, client, key, input, order++);
        open.add(call);
        return call;
    }

    /** Everything so far, by time of call. */
    public synchronized List<Operation<I, O>> operations() {
        List<Operation<I, O>> all = new ArrayList<>(finished);
        open.forEach(call -> all.add(call.operation(null, Long.MAX_VALUE)));
        all.sort(Comparator.comparingLong(Operation::called));
        return all;
    }

    private synchronized void end(Call<I, O> call, @Nullable O output) {
        if (!open.remove(call)) {
            throw new IllegalStateException("operation: " + call.input + " (expected: ended once)");
        }
        if (output != null) {
            finished.add(call.operation(output, order++));
        }
    }
}
