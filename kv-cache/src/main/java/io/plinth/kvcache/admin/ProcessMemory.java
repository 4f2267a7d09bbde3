package io.plinth.kvcache.admin;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;

/** What the machine gave the whole process. */
final class ProcessMemory {
    private static final Path PAGES = Path.of("/proc/self/statm");
    private static final long PAGE = 4096;

    private ProcessMemory() {}

    /** Bytes, or {@code unknown} where the machine does not say. */
    static long resident(long unknown) {
        try {
            String[] words = Files.readString(PAGES, StandardCharsets.US_ASCII).split(" ", -1);
            return words.length > 1 ? Long.parseLong(words[1]) * PAGE : unknown;
        } catch (IOException | NumberFormatException e) {
            return unknown;
        }
    }
}
