package io.plinth.mqbroker.log;

import org.jspecify.annotations.Nullable;

/**
 * Owned by its shard's loop, but for the position, which the log's writer sets. A message as its shard's queues share it; the content
 * is absent while it rests in the log only.
 */
public final class Message {
    private final int size;
    private final int bodySize;
    private @Nullable Content content;
    private int references;
    private boolean lost;
    private volatile long position;

    /** A message that was just published. */
    public Message(Content content) {
        this.content = content;
        this.size = content.size();
        this.bodySize = content.body().length;
    }

    /** A message that rests in the log. */
    public Message(long position, int size, int bodySize) {
        this.position = position;
        this.size = size;
        this.bodySize = bodySize;
    }

    public @Nullable Content content() {
        return content;
    }

    /** Sets what was read back, or drops it with null. */
    public void content(@Nullable Content value) {
        content = value;
    }

    /** What its content takes in memory, about. */
    public int size() {
        return size;
    }

    /** Octets of its body: what limits of queues and their numbers are about. */
    public int bodySize() {
        return bodySize;
    }

    /** Its record cannot be read: there is nothing to deliver any more. */
    public void lost() {
        lost = true;
    }

    public boolean isLost() {
        return lost;
    }

    /** Whether a queue still holds it. */
    public boolean held() {
        return references > 0;
    }

    /** Whether one queue holds it. */
    public boolean single() {
        return references == 1;
    }

    /** Where its record stands, 0 before it was appended. */
    public long position() {
        return position;
    }

    /** Set by the log's writer. */
    public void position(long value) {
        position = value;
    }

    /** One more queue holds it. */
    public void retain() {
        references++;
    }

    /** One queue less; true when none is left. */
    public boolean release() {
        return --references == 0;
    }
}
