package io.plinth.mqbroker.log;

import io.plinth.kit.file.WholeFile;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.TreeMap;
import java.util.stream.Stream;

/** The folder of a segment log: {@code seg-NNNNNNNN}, with what an implementation ends its names in. */
final class SegmentFolder {
    private static final String PREFIX = "seg-";

    private final Path folder;
    private final String suffix;

    /** Creates the folder where it is not there. */
    SegmentFolder(Path folder, String suffix) throws IOException {
        this.folder = folder;
        this.suffix = suffix;
        Files.createDirectories(folder);
    }

    Path path(int id) {
        return folder.resolve(String.format("%s%08d%s", PREFIX, id, suffix));
    }

    /** The segments that are there, by number. */
    TreeMap<Integer, Path> segments() throws IOException {
        TreeMap<Integer, Path> found = new TreeMap<>();
        try (Stream<Path> entries = Files.list(folder)) {
            for (Path entry : entries.toList()) {
                String name = entry.getFileName().toString();
                if (name.startsWith(PREFIX) && name.endsWith(suffix)) {
                    found.put(
                            Integer.parseInt(name.substring(PREFIX.length(), name.length() - suffix.length())), entry);
                }
            }
        }
        return found;
    }

    /** What was made or deleted in it survives the loss of power, and nothing that came later does without it. */
    void force() throws IOException {
        WholeFile.forceFolder(folder);
    }

    /** Deletes a segment, whether a file or a folder: for good, since one that came back would bring back what was settled. */
    void delete(int id) throws IOException {
        Path segment = path(id);
        if (Files.exists(segment)) {
            try (Stream<Path> entries = Files.walk(segment)) {
                for (Path entry : entries.sorted(Comparator.reverseOrder()).toList()) {
                    Files.deleteIfExists(entry);
                }
            }
            force();
        }
    }
}
