package io.plinth.geodns.gdnsd;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Owned by who reads: files of gdnsd's configuration language, with what they include. Bounded in every way. */
final class VscfFiles {
    private static final int MAX_DEPTH = 64;
    private static final int MAX_FILES = 10_000;
    private static final long MAX_SIZE = 64 << 20;

    private int depth;
    private int files;
    private long octets;

    /** The table that a whole file is. */
    Vscf.Table table(Path file) throws GdnsdException, IOException {
        Vscf read = read(file);
        if (read instanceof Vscf.Table table) {
            return table;
        }
        throw new GdnsdException(read.at(), "file: an array (expected: keys and values)");
    }

    private Vscf read(Path file) throws GdnsdException, IOException {
        Vscf.Mark start = new Vscf.Mark(file.toString(), 1);
        octets += Files.size(file);
        if (++files > MAX_FILES || octets > MAX_SIZE) {
            throw new GdnsdException(
                    start,
                    "files: " + files + " of " + octets + " octets (expected: at most " + MAX_FILES + " of " + MAX_SIZE
                            + ")");
        }
        // Octet by octet: names of cities are in UTF-8, keys may be in anything.
        VscfText text = new VscfText(file.toString(), Files.readString(file, StandardCharsets.ISO_8859_1));
        deeper(start);
        Vscf read = text.peek() == '[' ? value(text, file) : entries(text, file, false);
        depth--;
        if (text.peek() >= 0) {
            throw new GdnsdException(text.mark(), "character: " + (char) text.peek() + " (expected: the end)");
        }
        return read;
    }

    private void deeper(Vscf.Mark at) throws GdnsdException {
        if (++depth > MAX_DEPTH) {
            throw new GdnsdException(at, "depth: more than " + MAX_DEPTH + " (expected: less within each other)");
        }
    }

    private Vscf value(VscfText text, Path file) throws GdnsdException, IOException {
        Vscf.Mark at = text.mark();
        deeper(at);
        try {
            String include = text.include();
            if (include != null) {
                List<Path> found = included(at, file, include);
                if (found.size() != 1) {
                    throw new GdnsdException(at, "include: " + include + " (expected: one file for a value)");
                }
                return read(found.getFirst());
            }
            if (text.take('{')) {
                return entries(text, file, true);
            }
            if (!text.take('[')) {
                return new Vscf.Text(text.string(), at);
            }
            List<Vscf> items = new ArrayList<>();
            while (!text.take(']')) {
                items.add(value(text, file));
                text.take(',');
            }
            return new Vscf.Items(items, at);
        } finally {
            depth--;
        }
    }

    private Vscf.Table entries(VscfText text, Path file, boolean braced) throws GdnsdException, IOException {
        Vscf.Mark start = text.mark();
        Map<String, Vscf> entries = new LinkedHashMap<>();
        while (braced ? !text.take('}') : text.peek() >= 0) {
            Vscf.Mark at = text.mark();
            String include = text.include();
            if (include != null) {
                for (Path found : included(at, file, include)) {
                    for (Map.Entry<String, Vscf> entry : table(found).entries().entrySet()) {
                        put(entries, entry.getKey(), entry.getValue(), at);
                    }
                }
            } else {
                String key = text.string();
                text.arrow(key);
                put(entries, key, value(text, file), at);
            }
            text.take(',');
        }
        return new Vscf.Table(entries, start);
    }

    private static void put(Map<String, Vscf> entries, String key, Vscf value, Vscf.Mark at) throws GdnsdException {
        if (entries.putIfAbsent(key, value) != null) {
            throw new GdnsdException(at, "key: " + key + " twice (expected: once)");
        }
    }

    private static List<Path> included(Vscf.Mark at, Path file, String path) throws GdnsdException, IOException {
        Path whole = file.resolveSibling(path);
        List<Path> found = new ArrayList<>();
        if (Files.isDirectory(whole)) {
            list(whole, "*", found);
            return found;
        }
        if (Files.isRegularFile(whole)) {
            return List.of(whole);
        }
        Path folder = whole.getParent();
        Path last = whole.getFileName();
        if (folder != null && last != null && Files.isDirectory(folder)) {
            list(folder, last.toString(), found);
        }
        if (found.isEmpty()) {
            throw new GdnsdException(at, "include: " + path + " (expected: a file that is there)");
        }
        return found;
    }

    private static void list(Path folder, String glob, List<Path> found) throws IOException {
        try (DirectoryStream<Path> each = Files.newDirectoryStream(folder, glob)) {
            each.forEach(path -> {
                if (Files.isRegularFile(path)) {
                    found.add(path);
                }
            });
        }
        found.sort(null);
    }
}
