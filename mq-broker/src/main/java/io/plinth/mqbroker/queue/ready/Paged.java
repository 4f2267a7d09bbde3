package io.plinth.mqbroker.queue.ready;

import io.plinth.mqbroker.index.Holding;
import io.plinth.mqbroker.index.QueuePages;
import org.jspecify.annotations.Nullable;

/**
 * Owned by its shard's loop. A run of messages of a queue that are in the index only, none of which was handed out in this life: they are
 * read back in pages, lowest ids first.
 */
final class Paged extends Unread {
    /** Of one group at once: there may be many of them. */
    private static final int OF_GROUP = 16;

    /** Of which priority they are, or {@link QueuePages#ANY}. */
    private final int priority;
    /** Of which group they are, null for any or none. */
    private final @Nullable String group;

    private long count;
    private long bytes;
    private long first;
    private long last;
    /** Up to which id the page on its way was asked for. */
    private long asked;

    private boolean ended = true;
    private boolean purged;

    Paged(int priority) {
        this(priority, null);
    }

    private Paged(int priority, @Nullable String group) {
        this.priority = priority;
        this.group = group;
    }

    static Paged of(String group) {
        return new Paged(QueuePages.ANY, group);
    }

    int priority() {
        return priority;
    }

    @Nullable
    String group() {
        return group;
    }

    @Override
    public boolean isEmpty() {
        return ended;
    }

    @Override
    public int most(int page, int unwanted) {
        return purged ? page : group == null ? Math.min(page, unwanted) : Math.min(page, OF_GROUP);
    }

    /** A group is waited for once. */
    @Override
    public boolean toldOnce() {
        return group != null;
    }

    long count() {
        return count;
    }

    /** The lowest id that may be among them. */
    long first() {
        return first;
    }

    @Override
    Ask next() {
        long from = first;
        long to = last;
        asked = to;
        String of = group;
        return of == null
                ? (pages, queueId, most) -> pages.read(queueId, priority, from, to, most)
                : (pages, queueId, most) -> pages.readGroup(queueId, of, from, to, most);
    }

    @Override
    public boolean purged() {
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
        bytes += entry.message.bodySize();
    }

    /** A page was read; returns the messages and octets that were counted and are not there, of a run that ended. */
    Holding read(QueuePages.Page page) {
        for (QueuePages.Row row : page.rows()) {
            count--;
            bytes -= row.bodySize();
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
