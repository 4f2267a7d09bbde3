package io.plinth.kvcache.keyspace.rdb;

import java.util.Arrays;

/** Owned by one caller: a payload in memory, up to an end. */
final class RdbBytes implements RdbInput {
    private final byte[] bytes;
    private final int end;
    private int at;

    RdbBytes(byte[] bytes, int end) {
        this.bytes = bytes;
        this.end = end;
    }

    int left() {
        return end - at;
    }

    @Override
    public int next() throws RdbException {
        if (at >= end) {
            throw new RdbException("value: ends early");
        }
        return bytes[at++] & 0xff;
    }

    @Override
    public byte[] take(long length) throws RdbException {
        if (length < 0 || length > end - at) {
            throw new RdbException("length: " + length + " (expected: at most what is left, " + (end - at) + ")");
        }
        byte[] taken = Arrays.copyOfRange(bytes, at, at + (int) length);
        at += (int) length;
        return taken;
    }
}
