package io.plinth.mqbroker.log;

/** Who derives something from a log: called by the log's writer thread, in the order of the log. */
public interface ChangeListener {
    /** A change was appended; it may not be durable yet. */
    void appended(Change change, long position);

    /** Everything appended so far is durable. */
    void synced();

    /** The writer has nothing to do; what was put off can be done now. */
    void idle();

    /** The log ends. */
    void closed();
}
