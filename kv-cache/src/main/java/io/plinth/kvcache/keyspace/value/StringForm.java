package io.plinth.kvcache.keyspace.value;

/** How a string came to be, which is all that Redis's OBJECT ENCODING shows beside its length and digits. */
public enum StringForm {
    /** It was stored as sent. */
    STORED,
    /** It is the sum of INCRBYFLOAT, which Redis does not keep as an integer. */
    SUM,
    /** It was built in place, by APPEND or SETRANGE. */
    BUILT
}
