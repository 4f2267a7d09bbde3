package io.plinth.kvcache.keyspace;

import org.jspecify.annotations.Nullable;

/**
 * The effect of one change, never the command: what a journal replays, a copy applies and WATCH looks for.
 *
 * @param kind what happened
 * @param db the database
 * @param slot the key's slot; -1 for a flush
 * @param epoch of the slot table the change was made under
 * @param sequence the segment's own count, without gaps
 * @param unit the same for the changes of one transaction; 0 for a change that stands alone
 * @param key the key, or the empty array for a flush; never to be changed
 * @param field the hash field, where one field changed
 * @param value the new string, or the field's new value
 * @param expireAt absolute Unix milliseconds, or {@link Entry#NEVER}; the key's expiry after the change
 */
public record Change(
        Kind kind,
        int db,
        int slot,
        long epoch,
        long sequence,
        long unit,
        byte[] key,
        byte @Nullable [] field,
        byte @Nullable [] value,
        long expireAt) {

    /** What happened to the key. */
    public enum Kind {
        /** The key is now this string. */
        STRING,
        /** The hash has this value in this field; an absent hash came to be. */
        FIELD,
        /** The field is gone; the hash has others. */
        FIELD_GONE,
        /** Only the expiry changed. */
        EXPIRY,
        /** A command removed the key. */
        DELETED,
        /** Its time was over. */
        EXPIRED,
        /** Memory was needed. */
        EVICTED,
        /** Everything of the database in this segment is about to go. */
        FLUSHED
    }
}
