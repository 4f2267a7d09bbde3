package io.plinth.mqbroker.queue.ready;

/** Who was handed a message and has not settled it. */
public interface Holder {
    /** The channel it was handed to; compared by identity. */
    Object channel();

    /** It is settled, or comes back. */
    void settled();
}
