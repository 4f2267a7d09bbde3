package io.plinth.kvcache.loader.behind;

import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Owned by the thread that writes the queue: what was given in and what was handed on meanwhile, which go to the store in one go. */
final class BehindBatch {
    private static final Logger LOG = LoggerFactory.getLogger(BehindBatch.class);

    final List<Accepting> accepting = new ArrayList<>();
    final List<Done> done = new ArrayList<>();
    /** Whose records are to be taken out; also of batches before, where that failed. */
    final List<BehindItem> gone = new ArrayList<>();
    /** Of refused writes: which of a key's the store has is not known. */
    final Set<BehindItem> unsure = new LinkedHashSet<>();

    /** A write that was given in; {@code then} of the last of several that are acknowledged together. */
    record Accepting(
            BehindRecord record, BehindItem item, @Nullable Consumer<@Nullable Refusal> then) {}

    /** A write that its loader has, or refused for good. */
    record Done(BehindItem item, long number, @Nullable String refused) {
        /** With the queue's lock: whether no later write of the key is over, too. */
        boolean last() {
            return number == item.ended;
        }
    }

    /** Takes over what others gathered; answers whether there is anything. */
    boolean take(List<Accepting> given, List<Done> over) {
        accepting.addAll(given);
        done.addAll(over);
        given.clear();
        over.clear();
        return !accepting.isEmpty() || !done.isEmpty();
    }

    /** It was stored, or refused. */
    void clear(@Nullable Refusal refusal) {
        if (refusal == null) {
            gone.clear();
        } else {
            accepting.forEach(each -> unsure.add(each.item));
        }
        accepting.clear();
        done.clear();
    }

    private List<BehindStore.Entry> withoutGone() {
        List<BehindStore.Entry> entries = new ArrayList<>();
        gone.forEach(each -> entries.add(new BehindStore.Entry(each.name.recordKey(), null)));
        return entries;
    }

    /** Writes what came and takes out what is {@link #gone}, and syncs; answers why that failed. */
    @Nullable
    Refusal store(BehindStore store) {
        try {
            List<BehindStore.Entry> entries = withoutGone();
            accepting.forEach(each -> entries.add(new BehindStore.Entry(each.record.key(), each.record.body())));
            if (!entries.isEmpty()) {
                store.write(entries);
            }
            if (!accepting.isEmpty()) {
                store.sync();
            }
            return null;
        } catch (NoRoomException e) {
            LOG.error("writes are not accepted for later until there is room: {}", e.getMessage());
            return new Refusal(String.valueOf(e.getMessage()), true, true);
        } catch (IOException | RuntimeException | Error e) {
            // Whoever waits for an answer gets one, whatever happened.
            LOG.error("writes can no longer be accepted for later", e);
            return new Refusal(e instanceof IOException ? String.valueOf(e.getMessage()) : e.toString(), true, false);
        }
    }

    /** Opens the store anew where there is room, takes out what is gone, and answers what it has of the {@link #unsure}. */
    List<BehindRecord> again(BehindStore store) throws IOException {
        store.reopen();
        List<BehindStore.Entry> entries = withoutGone();
        if (!entries.isEmpty()) {
            store.write(entries);
        }
        // What was written before the store was full and is read from now on has to be there after a cut, too.
        store.sync();
        List<BehindRecord> found = new ArrayList<>();
        for (BehindItem each : unsure) {
            byte[] key = each.name.recordKey();
            byte[] body = store.get(key);
            if (body != null) {
                found.add(BehindRecord.read(key, body));
            }
        }
        gone.clear();
        return found;
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
