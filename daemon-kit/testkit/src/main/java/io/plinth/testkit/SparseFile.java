package io.plinth.testkit;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.TreeMap;

/** Reads the blocks of a file that are not all zero, without reading its holes where the system can tell them. */
final class SparseFile {
    static final int BLOCK = 4096;

    private static final int AT_ONCE = 1 << 20;
    private static final byte[] ZERO = new byte[BLOCK];

    private SparseFile() {}

    /** A file's size and its blocks that are not all zero, by number; the last may reach past the size. */
    record Content(long size, TreeMap<Long, byte[]> blocks) {
        static final Content EMPTY = new Content(0, new TreeMap<>());

        byte[] block(long number) {
            return blocks.getOrDefault(number, ZERO);
        }
    }

    static Content read(Path file) throws IOException {
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ)) {
            long size = channel.size();
            TreeMap<Long, byte[]> blocks = new TreeMap<>();
            try (Extents extents = Extents.of(file)) {
                long at = extents.nextData(0, size);
                while (at < size) {
                    long end = extents.nextHole(at, size);
                    read(channel, at / BLOCK, (end + BLOCK - 1) / BLOCK, blocks);
                    at = extents.nextData(end, size);
                }
            }
            return new Content(size, blocks);
        }
    }

    private static void read(FileChannel channel, long from, long to, TreeMap<Long, byte[]> into) throws IOException {
        ByteBuffer buffer = ByteBuffer.allocate((int) Math.min(AT_ONCE, (to - from) * BLOCK));
        for (long block = from; block < to; block += buffer.capacity() / BLOCK) {
            buffer.clear();
            while (buffer.hasRemaining() && channel.read(buffer, block * BLOCK + buffer.position()) > 0) {
                // A read may bring less than was asked for.
            }
            int read = buffer.position();
            for (int at = 0; at < read; at += BLOCK) {
                byte[] bytes = new byte[BLOCK];
                System.arraycopy(buffer.array(), at, bytes, 0, Math.min(BLOCK, read - at));
                if (!java.util.Arrays.equals(bytes, ZERO)) {
                    into.put(block + at / BLOCK, bytes);
                }
            }
        }
    }

    /** lseek(2) with SEEK_DATA and SEEK_HOLE, which the JDK does not offer. */
    private static final class Extents implements AutoCloseable {
        private static final int SEEK_DATA = 3;
        private static final int SEEK_HOLE = 4;
        private static final int ATTEMPTS = 100;
        private static final boolean LINUX = System.getProperty("os.name").equals("Linux");
        private static final MethodHandle OPEN =
                function("open", ValueLayout.JAVA_INT, ValueLayout.ADDRESS, ValueLayout.JAVA_INT);
        private static final MethodHandle LSEEK = function(
                "lseek", ValueLayout.JAVA_LONG, ValueLayout.JAVA_INT, ValueLayout.JAVA_LONG, ValueLayout.JAVA_INT);
        private static final MethodHandle CLOSE = function("close", ValueLayout.JAVA_INT, ValueLayout.JAVA_INT);

        private final int descriptor;

        private Extents(int descriptor) {
            this.descriptor = descriptor;
        }

        @SuppressWarnings("restricted")
        private static MethodHandle function(
                String name, java.lang.foreign.MemoryLayout result, java.lang.foreign.MemoryLayout... arguments) {
            Linker linker = Linker.nativeLinker();
            return linker.downcallHandle(
                    linker.defaultLookup().find(name).orElseThrow(), FunctionDescriptor.of(result, arguments));
        }

        static Extents of(Path file) throws IOException {
            if (!LINUX) {
                return new Extents(-1);
            }
            try (Arena arena = Arena.ofConfined()) {
                MemorySegment name = arena.allocateFrom(file.toString());
                for (int attempt = 0; attempt < ATTEMPTS; attempt++) {
                    int descriptor = (int) OPEN.invokeExact(name, 0);
                    if (descriptor >= 0) {
                        return new Extents(descriptor);
                    }
                    if (Files.notExists(file)) {
                        throw new NoSuchFileException(file.toString());
                    }
                    // It was not there and is again: who writes the folder may delete it and make it anew.
                }
                throw new IOException(file + " (expected: can be read)");
            } catch (IOException | RuntimeException | Error e) {
                throw e;
            } catch (Throwable e) {
                throw new LinkageError("open", e);
            }
        }

        /** Where data begins at or after an offset; the size when there is none. */
        long nextData(long from, long size) {
            return from >= size || descriptor < 0 ? from : seek(from, SEEK_DATA, size);
        }

        long nextHole(long from, long size) {
            return descriptor < 0 ? size : seek(from, SEEK_HOLE, size);
        }

        private long seek(long from, int whence, long size) {
            try {
                long at = (long) LSEEK.invokeExact(descriptor, from, whence);
                return at < 0 ? size : at;
            } catch (Throwable e) {
                throw new LinkageError("lseek", e);
            }
        }

        @Override
        public void close() {
            if (descriptor >= 0) {
                try {
                    int ignored = (int) CLOSE.invokeExact(descriptor);
                } catch (Throwable e) {
                    throw new LinkageError("close", e);
                }
            }
        }
    }
}
