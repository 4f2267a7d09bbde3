package io.plinth.deploy.start;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** Owned by one thread. What is added to a log from now on, also when it is put aside and another of its name is begun. */
public final class FollowedLog implements AutoCloseable {
    private static final int MOST = 1 << 20;

    private final Path log;
    private RandomAccessFile file;
    private @Nullable Object key;

    public FollowedLog(Path log) throws IOException {
        this.log = log;
        this.key = keyOf(log);
        this.file = new RandomAccessFile(log.toFile(), "r");
        file.seek(file.length());
    }

    /** Whole lines that were added since, at most a megabyte of them; empty where there are none yet. */
    public String next() throws IOException {
        String added = read(false);
        if (!added.isEmpty() || !Files.exists(log) || Objects.equals(key, keyOf(log))) {
            return added;
        }
        // The one that is put aside is written to no more by now, or for a moment only.
        String rest = read(true);
        file.close();
        key = keyOf(log);
        file = new RandomAccessFile(log.toFile(), "r");
        return rest + read(false);
    }

    private String read(boolean last) throws IOException {
        long begin = file.getFilePointer();
        if (file.length() < begin) {
            // Somebody has emptied it.
            begin = 0;
        }
        byte[] octets = new byte[(int) Math.min(MOST, file.length() - begin)];
        file.seek(begin);
        file.readFully(octets);
        int end = octets.length;
        while (!last && end > 0 && octets.length < MOST && octets[end - 1] != '\n') {
            end--;
        }
        file.seek(begin + end);
        return new String(octets, 0, end, StandardCharsets.UTF_8);
    }

    private static @Nullable Object keyOf(Path file) throws IOException {
        return Files.readAttributes(file, java.nio.file.attribute.BasicFileAttributes.class)
                .fileKey();
    }

    @Override
    public void close() throws IOException {
        file.close();
    }
}
