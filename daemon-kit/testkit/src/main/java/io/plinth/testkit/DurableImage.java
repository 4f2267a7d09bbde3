package io.plinth.testkit;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.io.UncheckedIOException;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.List;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;

/**
 * What a disk would hold of a folder after a power cut. A killed process leaves the page cache behind, so {@code kill -9}
 * says nothing about a missing sync; here {@link #synced} records what has become durable, and {@link #crash} leaves of
 * everything else only what chance lets through.
 *
 * <p>A log under test is wrapped: its {@code sync()} syncs the real one, then calls {@link #synced}. Called from the log's
 * writer, as bytes that others write in between would be taken for durable. Files are compared by blocks of 4 KiB, holes are
 * not read, and of a file's bytes only those that changed since the last sync are ever lost.
 */
public final class DurableImage {
    private final Path folder;
    private final TreeMap<String, SparseFile.Content> durable = new TreeMap<>();

    /** What becomes of bytes that were not synced. */
    public enum Mode {
        /** All are lost, as are files not there at the last sync. */
        DROP,
        /** Each block arrives whole, arrives in part or is garbled. */
        GARBLE,
        /** Each block and file on its own: arrives, is lost, arrives in part or is garbled. */
        MIXED
    }

    private enum Fate {
        KEPT,
        DROPPED,
        TORN,
        GARBLED
    }

    /** The folder as it is now is durable. */
    public DurableImage(Path folder) {
        this.folder = folder;
        synced();
    }

    /** Everything in the folder is durable: its files' bytes, their names, and the absence of others. */
    public synchronized void synced() {
        List<Path> files = files(folder);
        durable.keySet().retainAll(files.stream().map(this::name).toList());
        synced(files);
    }

    /** These files are durable with their present bytes; of the rest nothing new is. */
    public synchronized void synced(Collection<Path> files) {
        files.forEach(file -> durable.put(name(file), read(file)));
    }

    /** These files are gone for good: their folder was synced behind their deletion. */
    public synchronized void deleted(Collection<Path> files) {
        files.forEach(file -> durable.remove(name(file)));
    }

    /** The bytes {@code [from, to)} of a file, and its length, are durable. */
    public synchronized void synced(Path file, long from, long to) {
        SparseFile.Content now = read(file);
        SparseFile.Content before = durable.getOrDefault(name(file), SparseFile.Content.EMPTY);
        TreeMap<Long, byte[]> blocks = new TreeMap<>(before.blocks());
        for (long block = from / SparseFile.BLOCK; block * SparseFile.BLOCK < to; block++) {
            byte[] bytes = before.block(block).clone();
            int first = (int) Math.max(0, from - block * SparseFile.BLOCK);
            int last = (int) Math.min(SparseFile.BLOCK, to - block * SparseFile.BLOCK);
            System.arraycopy(now.block(block), first, bytes, first, last - first);
            blocks.put(block, bytes);
        }
        durable.put(name(file), new SparseFile.Content(now.size(), blocks));
    }

    /** Rewrites the folder to what the disk holds after a cut; nothing may have its files open or mapped. */
    public void crash(RandomGenerator random, Mode mode) {
        crash(random, mode, folder);
    }

    /** Writes what the disk holds after a cut into another folder; the folder itself stays in use. */
    public synchronized void crash(RandomGenerator random, Mode mode, Path target) {
        TreeSet<String> names = new TreeSet<>(durable.keySet());
        files(folder).forEach(file -> names.add(name(file)));
        for (String name : names) {
            Path file = folder.resolve(name);
            SparseFile.@Nullable Content now = now(file);
            boolean isThere = now != null;
            boolean wasThere = durable.containsKey(name);
            boolean survives = isThere == wasThere ? isThere : (mode == Mode.DROP ? wasThere : random.nextBoolean());
            Path out = target.resolve(name);
            try {
                if (survives) {
                    SparseFile.Content before = durable.getOrDefault(name, SparseFile.Content.EMPTY);
                    write(out, now != null ? mixed(before, now, random, mode) : before);
                } else {
                    Files.deleteIfExists(out);
                }
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }
    }

    private static SparseFile.Content mixed(
            SparseFile.Content before, SparseFile.Content now, RandomGenerator random, Mode mode) {
        TreeMap<Long, byte[]> blocks = new TreeMap<>();
        TreeSet<Long> numbers = new TreeSet<>(before.blocks().keySet());
        numbers.addAll(now.blocks().keySet());
        for (long number : numbers) {
            byte[] was = before.block(number);
            byte[] is = now.block(number);
            blocks.put(number, Arrays.equals(was, is) ? is : mixed(was, is, fate(random, mode), random));
        }
        long size =
                before.size() == now.size() || mode == Mode.DROP || random.nextBoolean() ? before.size() : now.size();
        return new SparseFile.Content(size, blocks);
    }

    private static Fate fate(RandomGenerator random, Mode mode) {
        return switch (mode) {
            case DROP -> Fate.DROPPED;
            case GARBLE -> List.of(Fate.KEPT, Fate.TORN, Fate.GARBLED).get(random.nextInt(3));
            case MIXED -> Fate.values()[random.nextInt(4)];
        };
    }

    /** Bytes that are the same before and now are durable and stay, whatever their neighbours suffer. */
    private static byte[] mixed(byte[] was, byte[] is, Fate fate, RandomGenerator random) {
        byte[] result = fate == Fate.DROPPED ? was.clone() : is.clone();
        int changed = 0;
        for (int i = 0; i < was.length; i++) {
            changed += was[i] == is[i] ? 0 : 1;
        }
        int torn = fate == Fate.TORN ? random.nextInt(changed + 1) : 0;
        for (int i = 0; i < was.length; i++) {
            if (was[i] == is[i]) {
                continue;
            }
            if (fate == Fate.TORN && torn-- <= 0) {
                result[i] = was[i];
            } else if (fate == Fate.GARBLED) {
                result[i] = (byte) random.nextInt();
            }
        }
        return result;
    }

    private static void write(Path file, SparseFile.Content content) throws IOException {
        Files.createDirectories(file.getParent());
        SparseFile.Content old = Files.exists(file) ? SparseFile.read(file) : SparseFile.Content.EMPTY;
        try (RandomAccessFile out = new RandomAccessFile(file.toFile(), "rw")) {
            out.setLength(content.size());
            TreeSet<Long> numbers = new TreeSet<>(old.blocks().keySet());
            numbers.addAll(content.blocks().keySet());
            for (long number : numbers) {
                long at = number * SparseFile.BLOCK;
                byte[] block = content.block(number);
                if (at < content.size() && !Arrays.equals(block, old.block(number))) {
                    out.seek(at);
                    out.write(block, 0, (int) Math.min(SparseFile.BLOCK, content.size() - at));
                }
            }
        }
    }

    private String name(Path file) {
        return folder.relativize(file).toString();
    }

    /** Null where it is not there: whoever writes the folder may delete what is named in it. */
    private static SparseFile.@Nullable Content now(Path file) {
        try {
            return SparseFile.read(file);
        } catch (NoSuchFileException e) {
            return null;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static SparseFile.Content read(Path file) {
        try {
            return SparseFile.read(file);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Sorted; what goes while they are listed may be missing, whatever the rest do. */
    private static List<Path> files(Path folder) {
        List<Path> found = new ArrayList<>();
        try {
            Files.walkFileTree(folder, new SimpleFileVisitor<>() {
                @Override
                public FileVisitResult visitFile(Path file, BasicFileAttributes attributes) {
                    if (attributes.isRegularFile()) {
                        found.add(file);
                    }
                    return FileVisitResult.CONTINUE;
                }

                @Override
                public FileVisitResult visitFileFailed(Path file, IOException why) throws IOException {
                    return gone(why);
                }

                @Override
                public FileVisitResult postVisitDirectory(Path visited, @Nullable IOException why) throws IOException {
                    return gone(why);
                }
            });
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        found.sort(null);
        return found;
    }

    private static FileVisitResult gone(@Nullable IOException why) throws IOException {
        if (why != null && !(why instanceof NoSuchFileException)) {
            throw why;
        }
        return FileVisitResult.CONTINUE;
    }
}
