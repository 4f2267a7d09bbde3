package io.plinth.kit.lifecycle;

import java.io.IOException;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ThreadFactory;
import java.util.function.Predicate;
import java.util.stream.Stream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Has threads of this process come behind those that serve clients, where there are fewer processors than threads that want one: Linux has a
 * nice value for each thread (setpriority(2)), and a higher one needs no privilege. On other systems things stay as they are.
 */
public final class NiceValue {
    /**
     * How much more compilers have: where a loop wants the same processor, about an eighth of what that gets. Else what is compiled when a node does
     * something for the first time takes milliseconds from commands.
     */
    static final int COMPILERS = 9;

    private static final Logger LOG = LoggerFactory.getLogger(NiceValue.class);
    private static final Path TASKS = Path.of("/proc/self/task");
    private static final Path OWN = Path.of("/proc/thread-self");
    /** The thread that calls, to setpriority. */
    private static final int CALLER = 0;
    /** PRIO_PROCESS, which is a thread's on Linux. */
    private static final int ONE = 0;
    /** Where a line of /proc/PID/stat has it, counted from behind the name. */
    private static final int FIELD = 16;

    private static final int HIGHEST = 19;

    private NiceValue() {}

    /** Raises that of the machine code's compilers; what further ones they start inherit it. */
    public static void raiseCompilers() {
        raise(NiceValue::compiles, COMPILERS);
    }

    /** Makes threads that have one higher by so much than the others of {@code threads}: between two that want one processor each is a quarter more for who has it lower. */
    public static ThreadFactory behind(ThreadFactory threads, int by) {
        return task -> threads.newThread(() -> {
            raiseOwn(by);
            task.run();
        });
    }

    private static void raiseOwn(int by) {
        if (!Files.isDirectory(OWN)) {
            return;
        }
        try {
            set(CALLER, Math.min(HIGHEST, of(OWN) + by));
        } catch (IOException e) {
            LOG.debug("nice value: {}", e.toString());
        }
    }

    static boolean compiles(String name) {
        return name.startsWith("C1 Compiler") || name.startsWith("C2 Compiler");
    }

    /** Raises that of the threads with such names, as the system has them: of at most fifteen letters. */
    static void raise(Predicate<String> names, int by) {
        for (Path thread : threads()) {
            try {
                if (names.test(Files.readString(thread.resolve("comm")).strip())) {
                    set(Integer.parseInt(thread.getFileName().toString()), Math.min(HIGHEST, of(thread) + by));
                }
            } catch (IOException e) {
                LOG.debug("nice value: {} ended meanwhile", thread);
            }
        }
    }

    /** Of the threads with such names. */
    static List<Integer> of(Predicate<String> names) {
        List<Integer> found = new ArrayList<>();
        for (Path thread : threads()) {
            try {
                if (names.test(Files.readString(thread.resolve("comm")).strip())) {
                    found.add(of(thread));
                }
            } catch (IOException e) {
                LOG.debug("nice value: {} ended meanwhile", thread);
            }
        }
        return found;
    }

    private static List<Path> threads() {
        if (!Files.isDirectory(TASKS)) {
            return List.of();
        }
        try (Stream<Path> all = Files.list(TASKS)) {
            return all.toList();
        } catch (IOException e) {
            LOG.debug("nice value: {}", e.toString());
            return List.of();
        }
    }

    private static int of(Path thread) throws IOException {
        String line = Files.readString(thread.resolve("stat"));
        return Integer.parseInt(line.substring(line.lastIndexOf(')') + 2).split(" ", -1)[FIELD]);
    }

    @SuppressWarnings("restricted")
    private static void set(int thread, int value) {
        Linker linker = Linker.nativeLinker();
        MethodHandle call = linker.downcallHandle(
                linker.defaultLookup().find("setpriority").orElseThrow(),
                FunctionDescriptor.of(
                        ValueLayout.JAVA_INT, ValueLayout.JAVA_INT, ValueLayout.JAVA_INT, ValueLayout.JAVA_INT));
        try {
            if ((int) call.invokeExact(ONE, thread, value) != 0) {
                LOG.debug("nice value: {} not taken by this system", value);
            }
        } catch (Throwable e) {
            throw new IllegalStateException(e);
        }
    }
}
