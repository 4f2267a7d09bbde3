package io.plinth.testkit;

import io.plinth.testkit.History.Operation;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.Comparator;
import java.util.Deque;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Tells whether a history could have come from one thing that does one operation at a time, each at some moment between its
 * call and its return. The search is Wing and Gong's with Lowe's memory of configurations seen; each key is checked alone,
 * which is as strong (Herlihy and Wing: linearizability is local) and much faster.
 */
public final class Linearizability {
    private static final int MOST_CONFIGURATIONS = 5_000_000;

    private Linearizability() {}

    /**
     * What one key does, one operation at a time.
     *
     * @param <S> its state; immutable, with equals
     */
    public interface Model<S, I, O> {
        /** Before the first operation. */
        S initial();

        /** After an operation. */
        S next(S state, I input);

        /** Whether an operation in this state may be answered so. */
        boolean answers(S state, I input, O output);
    }

    /** Fails, naming the key and its operations, unless every key's history is linearizable. */
    public static <S, I, O> void check(Model<S, I, O> model, History<I, O> history) {
        Map<String, List<Operation<I, O>>> byKey = new LinkedHashMap<>();
        history.operations()
                .forEach(op -> byKey.computeIfAbsent(op.key(), key -> new ArrayList<>())
                        .add(op));
        byKey.forEach((key, operations) -> {
            if (!linearizable(model, operations)) {
                StringBuilder text = new StringBuilder("history of key " + key + " (expected: linearizable):");
                operations.forEach(op -> text.append("\n  ").append(op));
                throw new AssertionError(text.toString());
            }
        });
    }

    /** A call or a return in the list of what has not been put in order yet. */
    private static final class Entry<I, O> {
        private final Operation<I, O> operation;
        private final int number;
        /** The return of a call; a return has none. */
        private final @Nullable Entry<I, O> end;

        private @Nullable Entry<I, O> before;
        private @Nullable Entry<I, O> after;

        Entry(Operation<I, O> operation, int number, @Nullable Entry<I, O> end) {
            this.operation = operation;
            this.number = number;
            this.end = end;
        }

        long time() {
            return end == null ? operation.returned() : operation.called();
        }

        void unlink() {
            Objects.requireNonNull(before).after = after;
            if (after != null) {
                after.before = before;
            }
        }

        void relink() {
            Objects.requireNonNull(before).after = this;
            if (after != null) {
                after.before = this;
            }
        }
    }

    /** The operations in order so far, whatever that order, and the state they lead to. */
    private record Configuration<S>(BitSet done, S state) {}

    /** An operation put in order, and the state before it. */
    private record Choice<S, I, O>(Entry<I, O> call, S before) {}

    static <S, I, O> boolean linearizable(Model<S, I, O> model, List<Operation<I, O>> operations) {
        Entry<I, O> head = entries(operations);
        BitSet done = new BitSet(operations.size());
        Set<Configuration<S>> seen = new HashSet<>();
        Deque<Choice<S, I, O>> choices = new ArrayDeque<>();
        S state = model.initial();
        Entry<I, O> entry = head.after;
        while (entry != null) {
            if (entry.end != null) {
                Operation<I, O> operation = entry.operation;
                O output = operation.output();
                S next = model.next(state, operation.input());
                if ((output == null || model.answers(state, operation.input(), output))
                        && isNew(seen, done, entry.number, next)) {
                    choices.push(new Choice<>(entry, state));
                    state = next;
                    done.set(entry.number);
                    entry.unlink();
                    entry.end.unlink();
                    entry = head.after;
                } else {
                    entry = entry.after;
                }
            } else if (choices.isEmpty()) {
                return false;
            } else {
                // An operation returned before it could be put in order: the last choice was wrong.
                Choice<S, I, O> wrong = choices.pop();
                state = wrong.before;
                done.clear(wrong.call.number);
                Objects.requireNonNull(wrong.call.end).relink();
                wrong.call.relink();
                entry = wrong.call.after;
            }
        }
        return true;
    }

    private static <S> boolean isNew(Set<Configuration<S>> seen, BitSet done, int number, S state) {
        if (seen.size() >= MOST_CONFIGURATIONS) {
            throw new AssertionError("history: " + MOST_CONFIGURATIONS
                    + " configurations tried (expected: decided by then); record fewer concurrent operations a key");
        }
        BitSet with = (BitSet) done.clone();
        with.set(number);
        return seen.add(new Configuration<>(with, state));
    }

    private static <I, O> Entry<I, O> entries(List<Operation<I, O>> operations) {
        List<Entry<I, O>> all = new ArrayList<>();
        for (Operation<I, O> operation : operations) {
            Entry<I, O> end = new Entry<>(operation, -1, null);
            all.add(new Entry<>(operation, all.size() / 2, end));
            all.add(end);
        }
        // Nobody waits for an operation that never returned: it may be put in order last, so its end stands at the end.
        all.sort(Comparator.comparingLong(Entry::time));
        Entry<I, O> head = new Entry<>(operations.getFirst(), -1, null);
        Entry<I, O> last = head;
        for (Entry<I, O> entry : all) {
            entry.before = last;
            last.after = entry;
            last = entry;
        }
        return head;
    }
}
