package io.plinth.kvcache.persist.copy;

import io.plinth.kvcache.keyspace.rdb.RdbOutput;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/**
 * Owned by the thread that makes copies: elements of one key, whose number is to stand before them and is known behind them. On disk but
 * for the last ones.
 */
final class Spool implements RdbOutput, AutoCloseable {
    private static final int BUFFER = 128 << 10;

    private final FileChannel file;
    private final byte[] buffer = new byte[BUFFER];
    private int used;
    private long written;

    Spool(Path path) throws IOException {
        file = FileChannel.open(
                path,
                StandardOpenOption.CREATE,
                StandardOpenOption.TRUNCATE_EXISTING,
                StandardOpenOption.READ,
                StandardOpenOption.WRITE);
    }

    /** Forgets what it has. */
    void clear() {
        used = 0;
        if (written > 0) {
            written = 0;
            try {
                file.truncate(0);
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }
    }

    private void flush() {
        ByteBuffer some = ByteBuffer.wrap(buffer, 0, used);
        try {
            while (some.hasRemaining()) {
                written += file.write(some, written);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        used = 0;
    }

    @Override
    public void write(int oneByte) {
        if (used == BUFFER) {
            flush();
        }
        buffer[used++] = (byte) oneByte;
    }

    @Override
    public void write(byte[] bytes, int from, int length) {
        for (int done = 0; done < length; ) {
            if (used == BUFFER) {
                flush();
            }
            int some = Math.min(BUFFER - used, length - done);
            System.arraycopy(bytes, from + done, buffer, used, some);
            used += some;
            done += some;
        }
    }

    /** Writes what it has, and forgets it. */
    void moveTo(RdbOutput to) {
        if (written > 0) {
            flush();
            for (long at = 0; at < written; ) {
                ByteBuffer some = ByteBuffer.wrap(buffer);
                try {
                    int count = file.read(some, at);
                    if (count < 0) {
                        throw new IOException("copy: a file was cut at byte " + at);
                    }
                    to.write(buffer, 0, count);
                    at += count;
                } catch (IOException e) {
                    throw new UncheckedIOException(e);
                }
            }
        } else {
            to.write(buffer, 0, used);
        }
        clear();
    }

    @Override
    public void close() throws IOException {
        file.close();
    }
}
