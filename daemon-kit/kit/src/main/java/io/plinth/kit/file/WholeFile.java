package io.plinth.kit.file;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.Objects;

/**
 * Replaces files as a whole: whoever reads one, also after a kill or the loss of power, finds all of the old or all of the new.
 * Stateless.
 */
public final class WholeFile {
    private WholeFile() {}

    /** Writes what a file is to hold. */
    @FunctionalInterface
    public interface Contents {
        void write(FileChannel to) throws IOException;
    }

    /** Replaces a file by a text, in UTF-8; it is on disk when this returns. */
    public static void replace(Path file, CharSequence text) throws IOException {
        replace(file, to -> write(to, text));
    }

    /**
     * Replaces a file, written to {@code FILE.new} first; it is on disk when this returns.
     *
     * @throws IOException then the old one still stands
     */
    public static void replace(Path file, Contents contents) throws IOException {
        Path next = file.resolveSibling(file.getFileName() + ".new");
        try (FileChannel channel = FileChannel.open(
                next, StandardOpenOption.CREATE, StandardOpenOption.TRUNCATE_EXISTING, StandardOpenOption.WRITE)) {
            contents.write(channel);
            channel.force(true);
        }
        Files.move(next, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
        // Without this the name may still be the old file's, which what is appended to the new one would be missing
        // from.
        forceName(file);
    }

    /** Writes all of a text, in UTF-8, where the channel stands. */
    public static void write(FileChannel to, CharSequence text) throws IOException {
        ByteBuffer octets = StandardCharsets.UTF_8.encode(text.toString());
        while (octets.hasRemaining()) {
            to.write(octets);
        }
    }

    /** That a file is there survives the loss of power. */
    public static void forceName(Path file) throws IOException {
        forceFolder(Objects.requireNonNull(file.toAbsolutePath().getParent(), "a file is in a folder"));
    }

    /** What was made, renamed or deleted in a folder survives the loss of power. */
    public static void forceFolder(Path folder) throws IOException {
        try (FileChannel entries = FileChannel.open(folder, StandardOpenOption.READ)) {
            entries.force(true);
        }
    }
}
