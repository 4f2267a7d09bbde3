package io.plinth.kvcache.persist.copy;

import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.util.Optional;
import java.util.concurrent.ThreadFactory;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Immutable: makes threads that have the processor when others leave it: Linux has a nice value for each thread. */
final class LowPriority implements ThreadFactory {
    /** More than others of the process: where both want the processor, about a third of what a thread has that serves clients. */
    private static final int NICER = 5;

    private static final Logger LOG = LoggerFactory.getLogger(LowPriority.class);

    private final ThreadFactory threads;

    LowPriority(ThreadFactory threads) {
        this.threads = threads;
    }

    @Override
    public Thread newThread(Runnable task) {
        return threads.newThread(() -> {
            lower();
            task.run();
        });
    }

    /** nice(2), which on Linux is about the thread that calls it; where there is none, the thread is like others. */
    @SuppressWarnings("restricted")
    private static void lower() {
        Optional<MemorySegment> found = Linker.nativeLinker().defaultLookup().find("nice");
        if (found.isEmpty()) {
            return;
        }
        MethodHandle call = Linker.nativeLinker()
                .downcallHandle(found.get(), FunctionDescriptor.of(ValueLayout.JAVA_INT, ValueLayout.JAVA_INT));
        try {
            int now = (int) call.invokeExact(NICER);
            LOG.debug("copies: nice value {}", now);
        } catch (Throwable e) {
            throw new IllegalStateException(e);
        }
    }
}
