package io.plinth.kvcache.persist.copy;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.util.Arrays;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.atomic.AtomicInteger;

/** Shared by those who take it: a file without a name, which goes with the last of them. Read by a thread of its own, never by a loop. */
public final class CopyFile {
    private final FileChannel file;
    private final long size;
    private final ExecutorService reader;
    private final AtomicInteger users;

    CopyFile(FileChannel file, ExecutorService reader, int users) throws IOException {
        this.file = file;
        this.size = file.size();
        this.reader = reader;
        this.users = new AtomicInteger(users);
    }

    /** Bytes it has. */
    public long size() {
        return size;
    }

    /** The bytes from a place on, at most so many, none behind the end. */
    public CompletableFuture<byte[]> read(long at, int most) {
        try {
            return CompletableFuture.supplyAsync(() -> piece(at, (int) Math.min(most, size - at)), reader);
        } catch (RejectedExecutionException e) {
            return CompletableFuture.failedFuture(e);
        }
    }

    private byte[] piece(long at, int length) {
        byte[] bytes = new byte[length];
        ByteBuffer into = ByteBuffer.wrap(bytes);
        try {
            while (into.hasRemaining()) {
                if (file.read(into, at + into.position()) < 0) {
                    return Arrays.copyOf(bytes, into.position());
                }
            }
        } catch (IOException e) {
            throw new UncheckedIOException("copy: cannot be read at byte " + at, e);
        }
        return bytes;
    }

    /** One of those who take it wants no more. Not closed by who says so, as that may take the disk long. */
    void release() {
        if (users.decrementAndGet() == 0) {
            try {
                reader.execute(this::close);
            } catch (RejectedExecutionException e) {
                close();
            }
        }
    }

    private void close() {
        try {
            file.close();
        } catch (IOException e) {
            throw new UncheckedIOException("copy: cannot be closed", e);
        }
    }
}
