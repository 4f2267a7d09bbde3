package io.plinth.kvcache.keyspace.rdb;

/** Where values are read from. Nothing is sized by what it says: what is longer than what comes is an {@link RdbException}. */
interface RdbInput {
    int next() throws RdbException;

    byte[] take(long length) throws RdbException;
}
