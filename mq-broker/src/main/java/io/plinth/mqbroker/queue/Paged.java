package io.plinth.mqbroker.queue;

import io.plinth.mqbroker.index.Holding;
import io.plinth.mqbroker.index.QueuePages;

/**
 * Owned by its shard's loop. A run of messages of a queue that are in the index only, none of which was handed out in this life: they are
 * read back in pages, lowest ids first.
 */
final class Paged {
    /** Of which priority they are, or {@link QueuePages#ANY}. */
    private final int priority;

    private long count;
    private long bytes;
    private long first;
    private long last;
    /** Up to which id the page on its way was asked for. */
    private long asked;

    private boolean ended = true;
    private boolean purged;
    /** Whether a page is on its way. */
    boolean loading;

    Paged(int priority) {
        this.priority = priority;
    }

    int priority() {
        return priority;
    }

    boolean isEmpty() {
        return ended;
    }

    long count() {
        return count;
    }

    /** The lowest id that may be among them. */
    long first() {
        return first;
    }

    /** A page is asked for, of ids from {@link #first} up to what this returns. */
    long ask() {
        loading = true;
        asked = last;
        return asked;
    }

    /** They are to be settled as they are read. */
    boolean purged() {
        return purged;
    }

    /** What recovery found, of ids up to {@code upTo}. */
    void restore(Holding holding, long upTo) {
        count = holding.count();
        bytes = holding.bytes();
        first = 1;
        last = upTo;
        ended = false;
    }

    /** One message more leaves memory; ids only grow. */
    void out(QueueEntry entry) {
        if (ended) {
            first = entry.id;
            ended = false;
        }
        last = entry.id;
        count++;
        bytes += entry.message.size();
    }

    /** A page was read; returns the messages and octets that were counted and are not there, of a run that ended. */
    Holding read(QueuePages.Page page) {
        for (QueuePages.Row row : page.rows()) {
            count--;
            bytes -= row.size();
        }
        // Others may have left memory since the page was asked for: they stand behind it.
        first = page.ended() ? asked + 1 : page.next();
        ended = page.ended() && asked == last;
        if (!ended) {
            return new Holding(0, 0);
        }
        Holding missing = new Holding(count, bytes);
        count = 0;
        bytes = 0;
        purged = false;
        return missing;
    }

    /** Nobody gets them any more. */
    void purge() {
        purged = !ended;
    }
}
