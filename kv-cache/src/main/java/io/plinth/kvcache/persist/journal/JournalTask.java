package io.plinth.kvcache.persist.journal;

import java.io.IOException;
import java.util.concurrent.CompletableFuture;

/** What somebody wants the journal's thread to do between two batches. */
record JournalTask(Action action, CompletableFuture<Integer> done) {
    /** Answers a number of a segment, where it has one. */
    interface Action {
        int run() throws IOException;
    }

    JournalTask(Action action) {
        this(action, new CompletableFuture<>());
    }

    void run() throws IOException {
        try {
            done.complete(action.run());
        } catch (IOException e) {
            done.completeExceptionally(e);
            throw e;
        }
    }

    /** It was not done, or is already. */
    void undone(String why) {
        done.completeExceptionally(new IOException(why));
    }
}
