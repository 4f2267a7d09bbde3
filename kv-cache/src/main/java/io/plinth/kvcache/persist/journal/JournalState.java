package io.plinth.kvcache.persist.journal;

/**
 * What a journal does with changes. WRITING goes to NO_ROOM where nothing of a batch could be written, and back once it was; from all of
 * these to BROKEN where something of what came is on no disk; from there to ANEW with a snapshot that begins, and to WRITING when that
 * is on the disk.
 */
public enum JournalState {
    /** Writes them. */
    WRITING,
    /** Keeps them in memory, and tries once a second whether there is room. */
    NO_ROOM,
    /** Drops them: what is on the disk is not gone on with. */
    BROKEN,
    /** Writes them to a segment that counts once a snapshot has everything before. */
    ANEW;

    /** As INFO shows it. */
    public String shown() {
        return name().toLowerCase(java.util.Locale.ROOT).replace('_', '-');
    }
}
