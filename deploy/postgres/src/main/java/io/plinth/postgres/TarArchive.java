package io.plinth.postgres;

import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;

/**
 * Unpacks the part of the tar format (POSIX ustar) that the binaries' archive uses: folders, files and symbolic links.
 * Anything else is refused rather than skipped.
 */
final class TarArchive {
    private static final int BLOCK = 512;

    private final InputStream in;
    private final byte[] header = new byte[BLOCK];

    TarArchive(InputStream in) {
        this.in = in;
    }

    /** Writes every entry below {@code target}, which exists. */
    void unpack(Path target) throws IOException {
        while (readHeader()) {
            String prefix = text(345, 155);
            String name = prefix.isEmpty() || header[263] != '0' ? text(0, 100) : prefix + "/" + text(0, 100);
            Path path = target.resolve(name).normalize();
            if (!path.startsWith(target)) {
                throw new PostgresException("archive entry: " + name + " (expected: a path inside the archive)");
            }
            switch (header[156]) {
                case '5' -> Files.createDirectories(path);
                case '2' -> link(path);
                case '0', 0 -> file(path);
                default ->
                    throw new PostgresException("archive entry type of " + name + ": " + (char) header[156]
                            + " (expected: file, folder or symbolic link)");
            }
        }
    }

    private boolean readHeader() throws IOException {
        if (in.readNBytes(header, 0, BLOCK) < BLOCK) {
            throw new EOFException("the archive ends before its end mark");
        }
        for (byte b : header) {
            if (b != 0) {
                return true;
            }
        }
        return false;
    }

    private void file(Path path) throws IOException {
        long size = octal(124, 12);
        Files.createDirectories(parent(path));
        try (OutputStream out = Files.newOutputStream(path)) {
            byte[] chunk = new byte[64 << 10];
            long left = size;
            while (left > 0) {
                int read = in.readNBytes(chunk, 0, (int) Math.min(left, chunk.length));
                if (read == 0) {
                    throw new EOFException("the archive ends inside " + path.getFileName());
                }
                out.write(chunk, 0, read);
                left -= read;
            }
        }
        boolean executable = (octal(100, 8) & 0111) != 0;
        Files.setPosixFilePermissions(path, PosixFilePermissions.fromString(executable ? "rwxr-xr-x" : "rw-r--r--"));
        in.skipNBytes((BLOCK - size % BLOCK) % BLOCK);
    }

    private void link(Path path) throws IOException {
        Path to = Path.of(text(157, 100));
        if (to.getNameCount() != 1 || to.isAbsolute()) {
            throw new PostgresException(
                    "archive link: " + path.getFileName() + " -> " + to + " (expected: a file in the same folder)");
        }
        Files.createDirectories(parent(path));
        Files.createSymbolicLink(path, to);
    }

    private static Path parent(Path path) {
        Path parent = path.getParent();
        return parent == null ? path : parent;
    }

    private String text(int offset, int length) {
        int end = offset;
        while (end < offset + length && header[end] != 0) {
            end++;
        }
        return new String(header, offset, end - offset, StandardCharsets.UTF_8);
    }

    private long octal(int offset, int length) throws PostgresException {
        String digits = text(offset, length).strip();
        try {
            return digits.isEmpty() ? 0 : Long.parseLong(digits, 8);
        } catch (NumberFormatException e) {
            throw new PostgresException("archive number: " + digits + " (expected: octal)", e);
        }
    }
}
