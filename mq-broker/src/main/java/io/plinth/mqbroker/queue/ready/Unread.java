package io.plinth.mqbroker.queue.ready;

import io.plinth.mqbroker.index.QueuePages;
import java.io.IOException;

/** Owned by its shard's loop. Messages of a queue that are in the index only, and are read back in pages. */
public abstract sealed class Unread permits Paged, Timeline {
    private boolean loading;

    /** What is to be read, on any thread. */
    @FunctionalInterface
    public interface Ask {
        /** Reads at most so many. */
        QueuePages.Page read(QueuePages pages, long queueId, int most) throws IOException;
    }

    /** Whether a page is on its way. */
    public boolean loading() {
        return loading;
    }

    /** The page on its way is here, or will not come. */
    public void loaded() {
        loading = false;
    }

    /** A page is asked for: the next of them. */
    public Ask ask() {
        loading = true;
        return next();
    }

    abstract Ask next();

    public abstract boolean isEmpty();

    /** They are to be settled as they are read. */
    public abstract boolean purged();

    /** How many to read at once where a page is so long, and whether anybody wants what is ready. */
    public abstract int most(int page, int unwanted);

    /** Whether nobody is told of it again, should a page not come. */
    public boolean toldOnce() {
        return false;
    }

    /** Whether a message of the page on its way is in memory or settled. */
    public boolean knows(long id) {
        return false;
    }
}
