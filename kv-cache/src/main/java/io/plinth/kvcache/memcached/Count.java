package io.plinth.kvcache.memcached;

/** What is counted of memcached clients' commands, by the names that {@code stats} has for it. */
enum Count {
    CMD_SET,
    CMD_FLUSH,
    CMD_TOUCH,
    CMD_META,
    GET_HITS,
    GET_MISSES,
    DELETE_MISSES,
    DELETE_HITS,
    INCR_MISSES,
    INCR_HITS,
    DECR_MISSES,
    DECR_HITS,
    CAS_MISSES,
    CAS_HITS,
    CAS_BADVAL,
    TOUCH_HITS,
    TOUCH_MISSES,
    STORE_NO_MEMORY,
    AUTH_CMDS,
    AUTH_ERRORS,
    BYTES_READ,
    BYTES_WRITTEN,
    TOTAL_ITEMS
}
