package io.plinth.kvcache.keyspace;

import io.plinth.kvcache.keyspace.value.Value;
import org.jspecify.annotations.Nullable;

/**
 * The effect of one change, never the command: what a journal replays, a copy applies and WATCH looks for.
 *
 * @param kind what happened
 * @param db the database
 * @param slot the key's slot; for a flush the segment's number, which is one of its slots
 * @param epoch of the slot table the change was made under
 * @param sequence the segment's own count, without gaps
 * @param unit the same for the changes of one transaction; 0 for a change that stands alone
 * @param key the key, or the empty array for a flush; never to be changed
 * @param field the hash field, the member, or the place in the list, where one changed; of a string its form's code where it was
 *     not stored as sent
 * @param value the new string, or the new value of the field, member or place
 * @param expireAt absolute Unix milliseconds, or {@link Entry#NEVER}; the key's expiry after the change
 * @param content the whole collection, to be read before the listener returns, where the key became another one
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
        long expireAt,
        @Nullable Value content) {

    /** Bytes that a long string is told of at a time: less than half of a collector's region, above which arrays take whole ones. */
    public static final int PIECE = 256 << 10;

    /** Whether more pieces of a long string may follow, so that who keeps changes need not have all of it. */
    public boolean isPiece() {
        return kind == Kind.PART && value != null && value.length == PIECE;
    }

    /** What happened to the key. */
    public enum Kind {
        /** The key is now this string. */
        STRING,
        /** The string has these bytes; the field is their place and how long it was, eight bytes each. */
        PART,
        /** The hash has this value in this field; an absent hash came to be. */
        FIELD,
        /** The hash has this value in a field that was there and keeps its expiry. */
        FIELD_VALUE,
        /** The field is gone; the hash has others. */
        FIELD_GONE,
        /** A field's expiry changed; the value is eight bytes of Unix milliseconds, 0 for none. */
        FIELD_EXPIRY,
        /** The list has this element at its head. */
        HEAD,
        /** The list has this element at its tail. */
        TAIL,
        /** The element at the index, eight bytes, was replaced. */
        ELEMENT,
        /** An element was put at the index, eight bytes, before what stood there. */
        INSERTED,
        /** Elements went from the index on; their number, eight bytes, is the value. */
        CUT,
        /** The set has this member. */
        MEMBER,
        /** The set or the sorted set does not have this member any more. */
        MEMBER_GONE,
        /** The sorted set has this member with the score, the eight bytes of a double. */
        SCORE,
        /** An effect on a stream: the field says which, the value its arguments. */
        STREAM,
        /** The key is now the collection in {@code content}. */
        VALUE,
        /** Only the expiry changed. */
        EXPIRY,
        /** A command removed the key. */
        DELETED,
        /** Its time was over. */
        EXPIRED,
        /** Memory was needed. */
        EVICTED,
        /** Everything of the database in this segment is about to go. */
        FLUSHED,
        /** Something else is known of the key: the value; the field says of what kind, for {@link io.plinth.kvcache.keyspace.write.Annotations}. */
        ANNOTATED
    }
}
