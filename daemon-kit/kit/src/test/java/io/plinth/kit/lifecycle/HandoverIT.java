package io.plinth.kit.lifecycle;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.plinth.kit.config.StackFile;
import io.plinth.kit.config.StackFiles;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** One node taken over from by another: here in one JVM, where the descriptors are passed all the same. */
@Timeout(60)
class HandoverIT {
    @TempDir
    Path folder = Path.of("");

    private final List<RunningNode> started = new ArrayList<>();

    @AfterEach
    void close() {
        started.forEach(RunningNode::close);
    }

    private StackFile read(EchoType type, int port, int admin) throws Exception {
        Path path = Files.writeString(folder.resolve("plinth.yaml"), """
            stack: test
            echo: {}
            nodes:
              echo-1: { run: echo, port: %d, admin: "127.0.0.1:%d", loops: 2 }
            """.formatted(port, admin));
        return StackFiles.read(path, List.of(type), Map.of(), Map.of());
    }

    private RunningNode start(EchoType type, StackFile file, boolean takeOver) throws StartException {
        RunningNode node = NodeRunner.start(
                type,
                file,
                "echo-1",
                NodeOptions.defaults().withTakeOver(takeOver).withDrain(Duration.ofSeconds(20)));
        started.add(node);
        return node;
    }

    private static InetSocketAddress echo(RunningNode node) {
        return node.listening().getOrDefault("echo", new InetSocketAddress(0));
    }

    private static void roundTrip(InetSocketAddress at) throws IOException {
        try (Socket socket = new Socket(at.getAddress(), at.getPort())) {
            roundTrip(socket);
        }
    }

    private static void roundTrip(Socket socket) throws IOException {
        socket.setSoTimeout(20_000);
        socket.getOutputStream().write('x');
        assertThat(socket.getInputStream().read()).isEqualTo('x');
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void noConnectionIsRefusedWhileListenersAreHandedOver(boolean sharesData) throws Exception {
        EchoType type = new EchoType(sharesData);
        RunningNode old = start(type, read(type, 0, 0), false);
        InetSocketAddress at = echo(old);
        AtomicBoolean stop = new AtomicBoolean();
        AtomicInteger done = new AtomicInteger();
        CompletableFuture<Void> clients = CompletableFuture.runAsync(() -> {
            while (!stop.get()) {
                try {
                    roundTrip(at);
                    done.incrementAndGet();
                } catch (IOException e) {
                    throw new java.io.UncheckedIOException("after " + done + " round trips", e);
                }
            }
        });
        awaitMore(done, 50, clients);

        RunningNode next = start(type, read(type, at.getPort(), old.admin().getPort()), true);
        old.stopped().join();
        awaitMore(done, 50, clients);
        stop.set(true);
        clients.join();

        assertThat(echo(next)).isEqualTo(at);
        assertThat(next.admin()).isEqualTo(old.admin());
        assertThat(old.state()).isEqualTo(LifeCycle.State.STOPPED);
    }

    @Test
    void theOldProcessFinishesWhatItHasWhileTheNewOneServes() throws Exception {
        EchoType type = new EchoType(true);
        RunningNode old = start(type, read(type, 0, 0), false);
        InetSocketAddress at = echo(old);
        try (Socket longLived = new Socket(at.getAddress(), at.getPort())) {
            roundTrip(longLived);

            RunningNode next = start(type, read(type, at.getPort(), old.admin().getPort()), true);

            assertThat(next.state()).isEqualTo(LifeCycle.State.RUNNING);
            roundTrip(longLived);
            assertThat(old.stopped()).isNotDone();
        }
        old.stopped().join();
        roundTrip(at);
    }

    @Test
    void aNewProcessThatCannotStartLeavesTheOldOneServing() throws Exception {
        EchoType type = new EchoType(true);
        RunningNode old = start(type, read(type, 0, 0), false);
        InetSocketAddress at = echo(old);
        try (ServerSocket taken = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            StackFile other = read(type, taken.getLocalPort(), old.admin().getPort());
            assertThatThrownBy(() -> start(type, other, true)).hasMessageContaining("is in use");
        }

        roundTrip(at);
        assertThat(old.state()).isEqualTo(LifeCycle.State.RUNNING);
    }

    @Test
    void thereMayBeNobodyToTakeOverFrom() throws Exception {
        EchoType type = new EchoType(false);

        RunningNode node = start(type, read(type, 0, 0), true);

        roundTrip(echo(node));
    }

    private static void awaitMore(AtomicInteger done, int more, CompletableFuture<Void> clients)
            throws InterruptedException {
        int goal = done.get() + more;
        while (done.get() < goal && !clients.isDone()) {
            Thread.sleep(1);
        }
    }
}
