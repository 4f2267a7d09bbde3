package io.plinth.kit.lifecycle;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** What the operating system limits, each with the command that lifts it. Warnings, never errors. */
final class OsChecks {
    private static final long DESCRIPTORS = 16_384;
    private static final long BACKLOG = 1024;

    private final Path proc;

    OsChecks(Path proc) {
        this.proc = proc;
    }

    List<String> warnings() {
        List<String> warnings = new ArrayList<>();
        long descriptors = openFiles();
        if (descriptors < DESCRIPTORS) {
            warnings.add("open files: " + descriptors + " (expected: at least " + DESCRIPTORS
                    + "); run `ulimit -n 65536`, or set LimitNOFILE=65536 in the systemd unit");
        }
        long backlog = number("sys/net/core/somaxconn");
        if (backlog < BACKLOG) {
            warnings.add("net.core.somaxconn: " + backlog + " (expected: at least " + BACKLOG
                    + "); run `sysctl -w net.core.somaxconn=4096`");
        }
        return warnings;
    }

    private long openFiles() {
        for (String line : lines("self/limits")) {
            if (line.startsWith("Max open files")) {
                String soft = line.substring("Max open files".length()).strip().split("\\s+", 2)[0];
                return parse(soft);
            }
        }
        return Long.MAX_VALUE;
    }

    private long number(String file) {
        List<String> lines = lines(file);
        return lines.isEmpty() ? Long.MAX_VALUE : parse(lines.getFirst().strip());
    }

    private static long parse(String text) {
        try {
            return Long.parseLong(text);
        } catch (NumberFormatException e) {
            return Long.MAX_VALUE;
        }
    }

    private List<String> lines(String file) {
        try {
            return Files.readAllLines(proc.resolve(file));
        } catch (IOException e) {
            return List.of();
        }
    }
}
