package io.plinth.kvcache.loader.behind;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Owned by the thread that writes the queue: what was given in and what was handed on meanwhile, which go to the store in one go. */
final class BehindBatch {
    private static final Logger LOG = LoggerFactory.getLogger(BehindBatch.class);

    final List<Accepting> accepting = new ArrayList<>();
    final List<Done> done = new ArrayList<>();

    /** A write that was given in; {@code then} of the last of several that are acknowledged together. */
    record Accepting(
            BehindRecord record, BehindItem item, @Nullable Consumer<@Nullable Refusal> then) {}

    /** A write that its loader has, or refused for good. */
    record Done(BehindItem item, long number, @Nullable String refused) {}

    /** Takes over what others gathered; answers whether there is anything. */
    boolean take(List<Accepting> given, List<Done> over) {
        accepting.addAll(given);
        done.addAll(over);
        given.clear();
        over.clear();
        return !accepting.isEmpty() || !done.isEmpty();
    }

    void clear() {
        accepting.clear();
        done.clear();
    }

    /** Writes what came and takes out {@code gone}, and syncs; answers why that failed. */
    @Nullable
    Refusal store(BehindStore store, List<BehindStore.Entry> gone) {
        try {
            List<BehindStore.Entry> entries = new ArrayList<>(gone);
            accepting.forEach(each -> entries.add(new BehindStore.Entry(each.record.key(), each.record.body())));
            if (!entries.isEmpty()) {
                store.write(entries);
            }
            if (!accepting.isEmpty()) {
                store.sync();
            }
            return null;
        } catch (IOException | RuntimeException | Error e) {
            // Whoever waits for an answer gets one, whatever happened.
            LOG.error("writes can no longer be accepted for later", e);
            return new Refusal(e instanceof IOException ? String.valueOf(e.getMessage()) : e.toString(), true);
        }
    }

    /** Answers who waits. */
    void tell(@Nullable Refusal refusal) {
        for (Accepting each : accepting) {
            if (each.then != null) {
                tell(each.then, refusal);
            }
        }
    }

    static void tell(Consumer<@Nullable Refusal> then, @Nullable Refusal refusal) {
        try {
            then.accept(refusal);
        } catch (RuntimeException | Error e) {
            LOG.warn("a client was not told of its write: {}", e.toString());
        }
    }
}
