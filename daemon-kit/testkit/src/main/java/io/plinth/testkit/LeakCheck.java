package io.plinth.testkit;

import io.netty.buffer.AbstractByteBuf;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.netty.buffer.Unpooled;
import io.netty.util.ResourceLeakDetector;
import io.netty.util.ResourceLeakDetectorFactory;
import io.netty.util.ResourceLeakTracker;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.extension.AfterAllCallback;
import org.junit.jupiter.api.extension.BeforeAllCallback;
import org.junit.jupiter.api.extension.ExtensionContext;

/**
 * Fails a test class during which a Netty buffer was dropped without its release. Registered for every test of a module
 * that has the testkit on its class path.
 *
 * <p>Netty finds a leak when the collector has found the buffer and another one is tracked; so after a class a sentinel is
 * leaked on purpose, and collection and allocation are repeated until the sentinel is reported, twice.
 */
public final class LeakCheck implements BeforeAllCallback, AfterAllCallback {
    private static final String SENTINEL = "leak check sentinel ";
    private static final int ATTEMPTS = 200;

    private static final Queue<String> LEAKS = new ConcurrentLinkedQueue<>();
    private static final Set<String> SENTINELS_SEEN = ConcurrentHashMap.newKeySet();
    private static final AtomicLong SENTINELS = new AtomicLong();
    private static final Detectors DETECTORS = new Detectors();

    static {
        ResourceLeakDetector.setLevel(ResourceLeakDetector.Level.PARANOID);
        ResourceLeakDetectorFactory.setResourceLeakDetectorFactory(DETECTORS);
    }

    @Override
    public void beforeAll(ExtensionContext context) {
        if (topLevel(context)) {
            LEAKS.clear();
        }
    }

    @Override
    public void afterAll(ExtensionContext context) throws InterruptedException {
        if (topLevel(context)) {
            List<String> leaks = leaks();
            if (!leaks.isEmpty()) {
                throw new AssertionError(leaks.size() + " buffer(s) leaked in " + context.getDisplayName()
                        + " (expected: each released once):\n" + String.join("\n", leaks));
            }
        }
    }

    /** Collects garbage and returns the traces of buffers that were dropped unreleased since the last call. */
    public static List<String> leaks() throws InterruptedException {
        // Twice: the buffers found with the first sentinel may be queued just behind it.
        awaitSentinel();
        awaitSentinel();
        List<String> found = new ArrayList<>();
        for (String leak = LEAKS.poll(); leak != null; leak = LEAKS.poll()) {
            found.add(leak);
        }
        return found;
    }

    private static boolean topLevel(ExtensionContext context) {
        return context.getRequiredTestClass().getEnclosingClass() == null
                || context.getRequiredTestClass().getAnnotation(org.junit.jupiter.api.Nested.class) == null;
    }

    private static void awaitSentinel() throws InterruptedException {
        ByteBufAllocator.DEFAULT.buffer(1).release();
        ResourceLeakDetector<ByteBuf> detector = DETECTORS.buffers;
        if (detector == null) {
            throw new AssertionError(
                    "leak check: " + AbstractByteBuf.class.getName() + " was initialised before it (expected: after)");
        }
        String name = SENTINEL + SENTINELS.incrementAndGet() + ".";
        leakOnPurpose(detector, name);
        for (int i = 0; i < ATTEMPTS; i++) {
            System.gc();
            ByteBufAllocator.DEFAULT.buffer(1).release();
            if (SENTINELS_SEEN.remove(name)) {
                return;
            }
            Thread.sleep(i < 10 ? 1 : 20);
        }
        throw new AssertionError("leak check: the sentinel was not reported (expected: within " + ATTEMPTS
                + " collections); is explicit collection disabled?");
    }

    private static void leakOnPurpose(ResourceLeakDetector<ByteBuf> detector, String name) {
        ResourceLeakTracker<ByteBuf> tracker = detector.track(Unpooled.wrappedBuffer(new byte[1]));
        if (tracker != null) {
            tracker.record(name);
        }
    }

    private static void report(String type, String trace) {
        int at = trace.indexOf(SENTINEL);
        if (at >= 0) {
            SENTINELS_SEEN.add(trace.substring(at, trace.indexOf('.', at) + 1));
        } else {
            LEAKS.add(type + trace);
        }
    }

    /** Makes every detector of this JVM report here. */
    private static final class Detectors extends ResourceLeakDetectorFactory {
        private volatile @Nullable ResourceLeakDetector<ByteBuf> buffers;

        @Override
        @SuppressWarnings("deprecation") // The one that Netty itself calls; the rest delegate to it.
        public <T> ResourceLeakDetector<T> newResourceLeakDetector(
                Class<T> type, int samplingInterval, long maxActive) {
            return newResourceLeakDetector(type, samplingInterval);
        }

        @Override
        @SuppressWarnings("unchecked")
        public <T> ResourceLeakDetector<T> newResourceLeakDetector(Class<T> type, int samplingInterval) {
            Detector<T> detector = new Detector<>(type, samplingInterval);
            if (type == ByteBuf.class) {
                buffers = (ResourceLeakDetector<ByteBuf>) detector;
            }
            return detector;
        }
    }

    /** Collects what the stock detector would only log. */
    private static final class Detector<T> extends ResourceLeakDetector<T> {
        Detector(Class<T> type, int samplingInterval) {
            super(type, samplingInterval);
        }

        @Override
        protected boolean needReport() {
            return true;
        }

        @Override
        protected void reportTracedLeak(String resourceType, String records) {
            report(resourceType, records);
        }

        @Override
        protected void reportUntracedLeak(String resourceType) {
            report(resourceType, " (no trace)");
        }
    }
}
