package io.plinth.mqbroker.exchange;

/** Who keeps queue names; told by shards of queues that are gone. */
@FunctionalInterface
public interface QueueLifecycle {
    /** Forgets name and bindings; {@code done} runs on any thread once that is durable. */
    void removed(QueueRef queue, Runnable done);
}
