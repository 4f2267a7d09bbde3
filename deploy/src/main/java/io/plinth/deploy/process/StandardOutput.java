package io.plinth.deploy.process;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.nio.file.Files;
import java.nio.file.Path;

/** Where this process's standard output and error go. The JDK can replace its own streams, but not what is below them. */
final class StandardOutput {
    private static final Path OUTPUT = Path.of("/proc/self/fd/1");

    private StandardOutput() {}

    /** Whether standard output goes to this file now, however it is called by now. */
    static boolean is(Path file) {
        try {
            return Files.isSameFile(OUTPUT, file);
        } catch (IOException e) {
            return false;
        }
    }

    /**
     * Standard output and error are appended to that file from now on. dup2(2) is atomic: whatever is written meanwhile goes to the
     * file before or to this one.
     */
    static void appendTo(Path file) throws IOException {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment stream =
                    (MemorySegment) call("fopen", ValueLayout.ADDRESS, ValueLayout.ADDRESS, ValueLayout.ADDRESS)
                            .invokeExact(arena.allocateFrom(file.toString()), arena.allocateFrom("ae"));
            if (stream.equals(MemorySegment.NULL)) {
                throw new IOException(file + ": cannot be opened (expected: a file that can be appended to)");
            }
            int opened = (int)
                    call("fileno", ValueLayout.JAVA_INT, ValueLayout.ADDRESS).invokeExact(stream);
            MethodHandle dup2 = call("dup2", ValueLayout.JAVA_INT, ValueLayout.JAVA_INT, ValueLayout.JAVA_INT);
            int done = Math.min((int) dup2.invokeExact(opened, 1), (int) dup2.invokeExact(opened, 2));
            int closed = (int)
                    call("fclose", ValueLayout.JAVA_INT, ValueLayout.ADDRESS).invokeExact(stream);
            if (done < 0 || closed != 0) {
                throw new IOException(file + ": standard output cannot be put there");
            }
        } catch (IOException e) {
            throw e;
        } catch (Throwable e) {
            throw new IOException(file + ": " + e.getMessage(), e);
        }
    }

    @SuppressWarnings("restricted")
    private static MethodHandle call(String name, MemoryLayout result, MemoryLayout... arguments) {
        Linker linker = Linker.nativeLinker();
        return linker.downcallHandle(
                linker.defaultLookup().find(name).orElseThrow(), FunctionDescriptor.of(result, arguments));
    }
}
