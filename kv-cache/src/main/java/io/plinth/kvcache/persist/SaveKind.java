package io.plinth.kvcache.persist;

/** What a snapshot is written for. */
public enum SaveKind {
    /** None is. */
    NONE,
    /** To be there: SAVE, BGSAVE, {@code snapshot-every}. */
    SAVE,
    /** To take the journal's place: BGREWRITEAOF, a journal over {@code journal-size}. */
    REWRITE
}
