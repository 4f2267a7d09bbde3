package io.plinth.kvcache.admin;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;

/** What the machine gave the whole process. */
public final class ProcessMemory {
    private static final Path PAGES = Path.of("/proc/self/statm");
    private static final Path MACHINE = Path.of("/proc/meminfo");
    private static final long PAGE = 4096;

    private ProcessMemory() {}

    /** Bytes, or {@code unknown} where the machine does not say. */
    public static long resident(long unknown) {
        try {
            String[] words = Files.readString(PAGES, StandardCharsets.US_ASCII).split(" ", -1);
            return words.length > 1 ? Long.parseLong(words[1]) * PAGE : unknown;
        } catch (IOException | NumberFormatException e) {
            return unknown;
        }
    }

    /** Bytes that the machine has; 0 where it does not say. */
    public static long machine() {
        try (Stream<String> lines = Files.lines(MACHINE, StandardCharsets.US_ASCII)) {
            return lines.filter(line -> line.startsWith("MemTotal:"))
                    .mapToLong(line -> Long.parseLong(line.replaceAll("\\D", "")) * 1024)
                    .findFirst()
                    .orElse(0);
        } catch (IOException | UncheckedIOException | NumberFormatException e) {
            return 0;
        }
    }
}
