package io.plinth.mqbroker.channel;

import java.util.ArrayList;
import java.util.List;

/**
 * Owned by the connection's event loop. Which publishes of a channel are not confirmed yet. What is done up to some tag is answered with
 * one {@code multiple}; what is done ahead of that, on its own.
 */
public final class ConfirmTracker {
    private static final int ANSWERED = -1;

    /** Sends what {@link #answer} decided. */
    public interface Answers {
        void ack(long tag, boolean multiple, long count);

        void nack(long tag);
    }

    private final List<Long> ahead = new ArrayList<>();
    private int[] left = new int[64];
    private boolean[] failed = new boolean[64];
    /** The lowest tag without an answer. */
    private long base = 1;

    private long next = 1;

    /** The next publish went to so many shards; returns its tag. */
    public long published(int shards) {
        if (next - base == left.length) {
            grow();
        }
        int slot = slot(next);
        left[slot] = shards;
        failed[slot] = false;
        return next++;
    }

    private void grow() {
        int[] more = new int[left.length * 2];
        boolean[] moreFailed = new boolean[left.length * 2];
        for (long tag = base; tag < next; tag++) {
            int to = (int) (tag & (more.length - 1));
            more[to] = left[slot(tag)];
            moreFailed[to] = failed[slot(tag)];
        }
        left = more;
        failed = moreFailed;
    }

    private int slot(long tag) {
        return (int) (tag & (left.length - 1));
    }

    /** One shard is done with the tag. */
    public void completed(long tag, boolean ok) {
        int slot = slot(tag);
        left[slot]--;
        failed[slot] |= !ok;
        if (left[slot] == 0 && tag != base) {
            ahead.add(tag);
        }
    }

    /** Answers everything that is done. */
    public void answer(Answers answers) {
        long last = 0;
        long count = 0;
        while (base < next && left[slot(base)] <= 0) {
            int slot = slot(base);
            if (failed[slot]) {
                // A run of acks ends before a tag that was refused, be it now or ahead: it must not be among the
                // confirmed.
                ackRun(answers, last, count);
                count = 0;
                if (left[slot] == 0) {
                    answers.nack(base);
                }
            } else if (left[slot] == 0) {
                last = base;
                count++;
            }
            base++;
        }
        ackRun(answers, last, count);
        for (long tag : ahead) {
            int slot = slot(tag);
            if (tag >= base && left[slot] == 0) {
                left[slot] = ANSWERED;
                if (failed[slot]) {
                    answers.nack(tag);
                } else {
                    answers.ack(tag, false, 1);
                }
            }
        }
        ahead.clear();
    }

    private static void ackRun(Answers answers, long last, long count) {
        if (count > 0) {
            answers.ack(last, count > 1, count);
        }
    }

    public long unconfirmed() {
        return next - base;
    }
}
