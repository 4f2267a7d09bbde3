package io.plinth.kit.net;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.time.Duration;
import java.util.Locale;
import java.util.Map;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * How long a thread computes before another may: sched_setattr(2), which neither the JDK nor Netty offers. From Linux 6.12 on a
 * thread that asks for less than others gets a processor as soon as it wakes, where it would wait until whoever computes there (a
 * compiler, a writer of snapshots, another process) has had its 3 ms; its share of the processor stays the same. Older kernels
 * take no notice.
 */
final class TimeSlice {
    /** The least that Linux takes. */
    static final Duration LEAST = Duration.ofNanos(100_000);

    private static final Logger LOG = LoggerFactory.getLogger(TimeSlice.class);
    /** The numbers of sched_setattr, which libraries of the system have not had for long, and of sched_getattr. */
    private static final Map<String, long[]> NUMBERS =
            Map.of("amd64", new long[] {314, 315}, "aarch64", new long[] {274, 275});

    private static final int SET = 0;
    private static final int GET = 1;
    /** struct sched_attr of Linux 3.14: size 4, policy 4, flags 8, nice 4, priority 4, runtime 8, deadline 8, period 8. */
    private static final int SIZE = 48;

    private static final int POLICY = 4;
    private static final int FLAGS = 8;
    private static final int RUNTIME = 24;
    /** Threads that it starts have what others have: they would get before it what it is to get before them. */
    private static final long RESET_ON_FORK = 1;

    private static final int OTHER = 0;

    private TimeSlice() {}

    /** Asks for so much at a time for the thread that calls. Where that cannot be, things stay as they are. */
    static void ask(Duration slice) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment attributes = arena.allocate(SIZE, Long.BYTES);
            // Of a thread in real time the same field means another thing.
            if (!call(GET, attributes) || attributes.get(ValueLayout.JAVA_INT, POLICY) != OTHER) {
                return;
            }
            attributes.set(ValueLayout.JAVA_LONG, FLAGS, attributes.get(ValueLayout.JAVA_LONG, FLAGS) | RESET_ON_FORK);
            attributes.set(ValueLayout.JAVA_LONG, RUNTIME, slice.toNanos());
            if (!call(SET, attributes)) {
                LOG.debug("time slice: not taken by this system");
            }
        }
    }

    /** What the thread that calls has; 0 where this system does not say. */
    static Duration own() {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment attributes = arena.allocate(SIZE, Long.BYTES);
            return call(GET, attributes)
                    ? Duration.ofNanos(attributes.get(ValueLayout.JAVA_LONG, RUNTIME))
                    : Duration.ZERO;
        }
    }

    private static boolean call(int which, MemorySegment attributes) {
        long[] numbers = NUMBERS.get(System.getProperty("os.arch", ""));
        if (numbers == null
                || !System.getProperty("os.name", "").toLowerCase(Locale.ROOT).equals("linux")) {
            return false;
        }
        try {
            // sched_setattr(thread, attributes, flags) and sched_getattr(thread, attributes, size, flags); 0 is who
            // calls.
            long size = which == GET ? SIZE : 0;
            return (long) syscall().invokeExact(numbers[which], 0L, attributes, size, 0L) == 0;
        } catch (Throwable e) {
            LOG.debug("time slice: {}", e.toString());
            return false;
        }
    }

    @SuppressWarnings("restricted")
    private static MethodHandle syscall() {
        Linker linker = Linker.nativeLinker();
        return linker.downcallHandle(
                linker.defaultLookup().find("syscall").orElseThrow(),
                FunctionDescriptor.of(
                        ValueLayout.JAVA_LONG,
                        ValueLayout.JAVA_LONG,
                        ValueLayout.JAVA_LONG,
                        ValueLayout.ADDRESS,
                        ValueLayout.JAVA_LONG,
                        ValueLayout.JAVA_LONG),
                Linker.Option.firstVariadicArg(1));
    }
}
