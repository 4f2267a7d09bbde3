package io.plinth.mqbroker.log;

/**
 * One entry of the stream of changes.
 *
 * @param epoch which life of the shard it happened in
 * @param sequence counts up by one within the shard, over all lives; it names a message that entered queues by it
 * @param previous the sequence of the logged change before it, so that a hole in the log shows
 */
public record Change(int shard, long epoch, long sequence, long previous, Effect effect) {
    /** The same behind another change than the stream knows of, where those between left no record. */
    Change behind(long other) {
        return new Change(shard, epoch, sequence, other, effect);
    }
}
