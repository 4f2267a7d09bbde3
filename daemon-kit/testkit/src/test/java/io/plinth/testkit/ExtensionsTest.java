package io.plinth.testkit;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.Test;
import org.junit.platform.engine.TestExecutionResult;
import org.junit.platform.engine.discovery.DiscoverySelectors;
import org.junit.platform.launcher.LauncherDiscoveryRequest;
import org.junit.platform.launcher.TestExecutionListener;
import org.junit.platform.launcher.TestIdentifier;
import org.junit.platform.launcher.core.LauncherDiscoveryRequestBuilder;
import org.junit.platform.launcher.core.LauncherFactory;
import org.slf4j.LoggerFactory;

/** Runs small test classes in a launcher of their own, as Surefire would, and looks at how they end. */
class ExtensionsTest {
    /** Drops a buffer. */
    static class Leaky {
        @Test
        void leaks() {
            ByteBuf dropped = ByteBufAllocator.DEFAULT.buffer(16);
            dropped.writeInt(1).touch("dropped by Leaky");
        }
    }

    /** Releases its buffer. */
    static class Tidy {
        @Test
        void releases() {
            ByteBufAllocator.DEFAULT.buffer(16).release();
        }
    }

    /** Logs errors, some of them expected. */
    static class Logging {
        @Test
        void unexpected() {
            LoggerFactory.getLogger("shop").error("till {} is on fire", 7);
        }

        @Test
        void expected(LogWatcher.Expected log) {
            log.expect("till \\d is on fire");
            LoggerFactory.getLogger("shop").error("till {} is on fire", 7);
            assertThat(log.errors()).containsExactly("shop: till 7 is on fire");
        }

        @Test
        void warned() {
            LoggerFactory.getLogger("shop").warn("till is warm");
        }
    }

    /** Waits for ever. */
    static class Hanging {
        @Test
        void hangs() throws InterruptedException {
            new CountDownLatch(1).await();
        }
    }

    /** Runs beside a program nobody has. */
    @RequiresPeer({"sh", "no-such-program"})
    static class Beside {
        @Test
        void runs() {}
    }

    /** Runs beside one everybody has. */
    static class BesideShell {
        @Test
        @RequiresPeer("sh")
        void runs() {
            assertThat(Peer.path("sh")).isExecutable();
        }
    }

    @Test
    void aDroppedBufferFailsItsClass() {
        assertThat(run(Leaky.class).failures())
                .singleElement()
                .asString()
                .contains("1 buffer(s) leaked in ExtensionsTest$Leaky", "dropped by Leaky");
    }

    @Test
    void releasedBuffersFailNothing() {
        assertThat(run(Tidy.class).failures()).isEmpty();
    }

    @Test
    void anUnexpectedErrorLineFailsItsTestOnly(LogWatcher.Expected log) {
        log.expect("till 7 is on fire");
        assertThat(run(Logging.class).failures())
                .singleElement()
                .asString()
                .contains("unexpected()", "shop: till 7 is on fire");
    }

    @Test
    void aHangingTestFailsAndShowsEveryThread() {
        PrintStream out = System.out;
        ByteArrayOutputStream printed = new ByteArrayOutputStream();
        System.setOut(new PrintStream(printed, true, StandardCharsets.UTF_8));
        Run run;
        try {
            run = run(Hanging.class, "junit.jupiter.execution.timeout.testable.method.default", "200 ms");
        } finally {
            System.setOut(out);
        }
        assertThat(run.failures()).singleElement().asString().contains("timed out after 200 milliseconds");
        assertThat(printed.toString(StandardCharsets.UTF_8)).contains("CountDownLatch.await", "Reference Handler");
    }

    @Test
    void aTestBesideAMissingPeerIsSkipped() {
        Run run = withPeers("optional", Beside.class);
        assertThat(run.failures()).isEmpty();
        assertThat(run.skipped())
                .singleElement()
                .asString()
                .contains("no-such-program")
                .doesNotContain("PATH: sh");
    }

    @Test
    void aTestBesideAMissingPeerFailsWhenPeersAreRequired() {
        assertThat(withPeers("required", Beside.class).failures())
                .singleElement()
                .asString()
                .contains("no-such-program", "deploy/bench/peers");
    }

    @Test
    void aTestBesideAPresentPeerRuns() {
        Run run = withPeers("required", BesideShell.class);
        assertThat(run.failures()).isEmpty();
        assertThat(run.skipped()).isEmpty();
    }

    private static Run withPeers(String setting, Class<?> type) {
        String before = System.setProperty("peers", setting);
        try {
            return run(type);
        } finally {
            System.setProperty("peers", before == null ? "optional" : before);
        }
    }

    /** How a run ended. */
    record Run(List<String> failures, List<String> skipped) {}

    private static Run run(Class<?> type, String... settings) {
        Run run = new Run(new java.util.ArrayList<>(), new java.util.ArrayList<>());
        LauncherDiscoveryRequest request = LauncherDiscoveryRequestBuilder.request()
                .selectors(DiscoverySelectors.selectClass(type))
                .configurationParameters(settings.length == 0 ? Map.of() : Map.of(settings[0], settings[1]))
                .build();
        LauncherFactory.create().execute(request, new TestExecutionListener() {
            @Override
            public void executionFinished(TestIdentifier test, TestExecutionResult result) {
                result.getThrowable().ifPresent(thrown -> run.failures().add(test.getDisplayName() + ": " + thrown));
            }

            @Override
            public void executionSkipped(TestIdentifier test, String reason) {
                run.skipped().add(test.getDisplayName() + ": " + reason);
            }
        });
        return run;
    }
}
