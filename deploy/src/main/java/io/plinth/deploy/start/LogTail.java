package io.plinth.deploy.start;

import io.plinth.deploy.process.LogRotation;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;

/** The end of a log file. Stateless. */
public final class LogTail {
    private static final int TAIL_BYTES = 64 << 10;

    private LogTail() {}

    /** The last line that is neither blank nor part of a stack trace and stands after {@code from}; empty if none. */
    static String lastLine(Path log, long from) {
        try {
            List<String> lines = lines(log, from).stream()
                    .map(String::strip)
                    .filter(line -> !line.isEmpty() && !line.startsWith("at ") && !line.startsWith("..."))
                    .toList();
            return lines.isEmpty() ? "" : lines.getLast();
        } catch (IOException e) {
            return "";
        }
    }

    /**
     * The last lines of a log, at most {@code count} of them and at most 64 KiB of it; where that is all of it, as much of the file
     * that it was before.
     */
    public static List<String> last(Path log, int count) throws IOException {
        List<String> lines = Files.exists(log) ? lines(log, 0) : List.of();
        Path before = LogRotation.earlier(log, 1);
        boolean whole = !Files.exists(log) || Files.size(log) <= TAIL_BYTES;
        if (lines.size() < count && whole && Files.exists(before)) {
            lines = Stream.concat(lines(before, 0).stream(), lines.stream()).toList();
        }
        return lines.subList(Math.max(0, lines.size() - count), lines.size());
    }

    private static List<String> lines(Path log, long from) throws IOException {
        try (RandomAccessFile file = new RandomAccessFile(log.toFile(), "r")) {
            long start = Math.max(from, file.length() - TAIL_BYTES);
            byte[] tail = new byte[(int) Math.max(0, file.length() - start)];
            file.seek(start);
            file.readFully(tail);
            return new String(tail, StandardCharsets.UTF_8).lines().toList();
        }
    }
}
