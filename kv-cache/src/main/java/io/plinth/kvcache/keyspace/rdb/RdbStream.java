package io.plinth.kvcache.keyspace.rdb;

import java.io.IOException;
import java.io.InputStream;

/** Owned by one caller: a file that is read as it comes, with its checksum so far. */
final class RdbStream implements RdbInput {
    private final InputStream in;
    private final int longest;
    private long crc;
    private long at;

    /** No string may be longer than {@code longest}. */
    RdbStream(InputStream in, int longest) {
        this.in = in;
        this.longest = longest;
    }

    long crc() {
        return crc;
    }

    long at() {
        return at;
    }

    @Override
    public int next() throws RdbException {
        try {
            int read = in.read();
            if (read < 0) {
                throw new RdbException("file: ends early at byte " + at);
            }
            at++;
            crc = Crc64.of(crc, (byte) read);
            return read;
        } catch (IOException e) {
            throw new RdbException("file: cannot be read at byte " + at + ": " + e.getMessage());
        }
    }

    @Override
    public byte[] take(long length) throws RdbException {
        if (length < 0 || length > longest) {
            throw new RdbException("length: " + length + " at byte " + at + " (expected: at most " + longest + ")");
        }
        try {
            byte[] taken = in.readNBytes((int) length);
            if (taken.length < length) {
                throw new RdbException("file: ends early at byte " + (at + taken.length));
            }
            at += length;
            crc = Crc64.of(crc, taken, 0, taken.length);
            return taken;
        } catch (IOException e) {
            throw new RdbException("file: cannot be read at byte " + at + ": " + e.getMessage());
        }
    }
}
