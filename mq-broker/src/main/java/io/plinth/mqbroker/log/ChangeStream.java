package io.plinth.mqbroker.log;

import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import java.util.function.Supplier;

/**
 * Owned by its shard's loop. The one point every change of a shard passes: it gets the shard's next sequence here, is shown to whoever
 * follows the stream, and goes to the log where it must survive.
 */
public final class ChangeStream {
    private final int shard;
    private final long epoch;
    private final LogWriter writer;
    private final List<Consumer<Change>> followers;
    private List<Change> batch = new ArrayList<>();
    private boolean sync;
    private long sequence;
    private long logged;

    /** Continues behind {@code sequence}. */
    public ChangeStream(int shard, long epoch, long sequence, LogWriter writer, List<Consumer<Change>> followers) {
        this.shard = shard;
        this.epoch = epoch;
        this.sequence = sequence;
        this.logged = sequence;
        this.writer = writer;
        this.followers = List.copyOf(followers);
    }

    /**
     * Emits an effect that must survive; returns its sequence.
     *
     * @param awaited whether somebody waits for it to be durable
     */
    public long logged(Effect effect, boolean awaited) {
        Change change = new Change(shard, epoch, ++sequence, logged, effect);
        logged = sequence;
        batch.add(change);
        sync |= awaited;
        followers.forEach(follower -> follower.accept(change));
        return sequence;
    }

    /** Emits an effect that ends with the process; returns its sequence. It is made only where somebody follows. */
    public long passing(Supplier<Effect> made) {
        sequence++;
        if (followers.isEmpty()) {
            return sequence;
        }
        Change change = new Change(shard, epoch, sequence, logged, made.get());
        followers.forEach(follower -> follower.accept(change));
        return sequence;
    }

    /** Of the last effect. */
    public long sequence() {
        return sequence;
    }

    /** Hands what was emitted since to the log's writer. */
    public void flush() {
        if (!batch.isEmpty()) {
            writer.submit(batch, sync);
            batch = new ArrayList<>();
            sync = false;
        }
    }
}
