package io.plinth.kvcache.keyspace.value;

import org.jspecify.annotations.Nullable;

/** How a string came to be, which is all that Redis's OBJECT ENCODING shows beside its length and digits. */
public enum StringForm {
    /** It was stored as sent. */
    STORED(0),
    /** It is the sum of INCRBYFLOAT, which Redis does not keep as an integer. */
    SUM(1),
    /** It was built in place, by APPEND or SETRANGE. */
    BUILT(2);

    private final int code;

    StringForm(int code) {
        this.code = code;
    }

    /** Its number in records and on disk. */
    public int code() {
        return code;
    }

    /** What a change tells of it; null for a string stored as sent. */
    public byte @Nullable [] mark() {
        return this == STORED ? null : new byte[] {(byte) code};
    }

    /** What a number says. */
    public static StringForm of(int code) {
        return code == STORED.code ? STORED : code == SUM.code ? SUM : BUILT;
    }
}
