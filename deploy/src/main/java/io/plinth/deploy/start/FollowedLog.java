package io.plinth.deploy.start;

import io.plinth.deploy.process.LogRotation;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** Owned by one thread. What is added to a log from now on, also when it is put aside, once or more, and another of its name is begun. */
public final class FollowedLog implements AutoCloseable {
    private static final int MOST = 1 << 20;
    /** So often a file is looked for under the names that are being changed just now. */
    private static final int ATTEMPTS = 5;

    private final Path log;
    private RandomAccessFile file;
    private @Nullable Object key;

    /** Begins at the end of the log; where it was put aside and nothing stands in its place yet, at the end of that. */
    public FollowedLog(Path log) throws IOException {
        this.log = log;
        Path now = Files.exists(log) ? log : LogRotation.earlier(log, 1);
        this.key = keyOf(now);
        this.file = new RandomAccessFile(now.toFile(), "r");
        file.seek(file.length());
    }

    /** Whole lines that were added since, at most a megabyte of them; empty where there are none yet. */
    public String next() throws IOException {
        String added = read(false);
        if (!added.isEmpty()) {
            return added;
        }
        Path after = after();
        if (after == null) {
            return "";
        }
        // What is put aside is written to no more by now, or for a moment only.
        String rest = read(true);
        if (file.getFilePointer() < file.length()) {
            return rest;
        }
        RandomAccessFile before = file;
        try {
            Object next = keyOf(after);
            RandomAccessFile opened = new RandomAccessFile(after.toFile(), "r");
            if (!Objects.equals(next, keyOf(after))) {
                // Renamed in between; the next look finds it.
                opened.close();
                return rest;
            }
            file = opened;
            key = next;
        } catch (NoSuchFileException | FileNotFoundException e) {
            return rest;
        }
        before.close();
        return rest + read(false);
    }

    /** The file that was begun after the one that is read; null while there is none. */
    private @Nullable Path after() throws IOException {
        for (int attempt = 0; attempt < ATTEMPTS; attempt++) {
            if (!Files.exists(log) || Objects.equals(key, keyOf(log))) {
                return null;
            }
            Path younger = log;
            // While they are renamed one is missing.
            for (int turn = 1; Files.exists(earlier(turn)) || Files.exists(earlier(turn + 1)); turn++) {
                Path older = earlier(turn);
                if (Objects.equals(key, keyOf(older))) {
                    return younger;
                }
                younger = Files.exists(older) ? older : younger;
            }
        }
        // Put aside so often since the last look that it is kept no more, or removed.
        return log;
    }

    private Path earlier(int turns) {
        return LogRotation.earlier(log, turns);
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

    /** What the file is, however it is called; null where there is none. */
    private static @Nullable Object keyOf(Path file) throws IOException {
        try {
            return Files.readAttributes(file, BasicFileAttributes.class).fileKey();
        } catch (NoSuchFileException e) {
            return null;
        }
    }

    @Override
    public void close() throws IOException {
        file.close();
    }
}
