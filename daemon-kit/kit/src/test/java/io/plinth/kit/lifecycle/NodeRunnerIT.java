package io.plinth.kit.lifecycle;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.plinth.kit.config.ConfigException;
import io.plinth.kit.config.StackFile;
import io.plinth.kit.config.StackFiles;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(60)
class NodeRunnerIT {
    private static final EchoType TYPE = new EchoType(false);
    private static final Duration PATIENCE = Duration.ofSeconds(20);

    @TempDir
    Path folder = Path.of("");

    private final HttpClient http = HttpClient.newHttpClient();
    private @Nullable RunningNode running;

    @AfterEach
    void close() {
        if (running != null) {
            running.close();
        }
        http.close();
    }

    private Path write(String greeting, int port) throws IOException {
        return Files.writeString(folder.resolve("plinth.yaml"), """
            stack: test
            echo: { greeting: "%s" }
            nodes:
              echo-1: { run: echo, port: %d, admin: "127.0.0.1:0", loops: 2 }
            """.formatted(greeting, port));
    }

    private StackFile read(String greeting, int port) throws Exception {
        return load(write(greeting, port));
    }

    private static StackFile load(Path path) throws ConfigException {
        return StackFiles.read(path, List.of(TYPE), Map.of(), Map.of());
    }

    private RunningNode start(StackFile file) throws StartException {
        RunningNode node =
                NodeRunner.start(TYPE, file, "echo-1", NodeOptions.defaults().withLoader(NodeRunnerIT::load));
        running = node;
        return node;
    }

    private HttpResponse<String> call(RunningNode node, String method, String path) throws Exception {
        URI uri = URI.create("http://127.0.0.1:" + node.admin().getPort() + path);
        return http.send(
                HttpRequest.newBuilder(uri)
                        .method(method, HttpRequest.BodyPublishers.noBody())
                        .build(),
                HttpResponse.BodyHandlers.ofString());
    }

    private static Socket connect(RunningNode node) throws IOException {
        InetSocketAddress at = node.listening().getOrDefault("echo", new InetSocketAddress(0));
        Socket socket = new Socket(at.getAddress(), at.getPort());
        socket.setSoTimeout(10_000);
        return socket;
    }

    private static void roundTrip(Socket socket) throws IOException {
        socket.getOutputStream().write('x');
        assertThat(socket.getInputStream().read()).isEqualTo('x');
    }

    @Test
    void servesInAFolderOfItsOwn() throws Exception {
        RunningNode node = start(read("hello", 0));

        try (Socket client = connect(node)) {
            roundTrip(client);
        }
        assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(folder.resolve(".plinth/nodes/echo-1"))))
                .isEqualTo("rwx------");
    }

    @Test
    void answersTheAdminPaths() throws Exception {
        RunningNode node = start(read("hello", 0));

        assertThat(call(node, "GET", "/health/live").body()).isEqualTo("live\n");
        assertThat(call(node, "GET", "/health/ready").statusCode()).isEqualTo(200);
        assertThat(call(node, "GET", "/config").body()).contains("echo-1");
        assertThat(call(node, "GET", "/greeting").body()).isEqualTo("hello");
        assertThat(call(node, "GET", "/metrics").body())
                .contains("jvm_heap_used_bytes ", "plinth_loop_stall_seconds{loop=\"1\"}", "process_open_fds ");
        assertThat(call(node, "GET", "/other").statusCode()).isEqualTo(404);
        assertThat(call(node, "GET", "/drain").statusCode()).isEqualTo(405);
    }

    @Test
    void isNotReadyWhileAConditionOfTheDaemonFails() throws Exception {
        RunningNode node = start(read("hello", 0));
        ((EchoType.Echo) node.daemon()).warm = false;

        HttpResponse<String> ready = call(node, "GET", "/health/ready");

        assertThat(ready.statusCode()).isEqualTo(503);
        assertThat(ready.body()).isEqualTo("not ready: warm\n");
    }

    @Test
    void reloadsTheFileAndKeepsConnections() throws Exception {
        RunningNode node = start(read("hello", 0));
        try (Socket client = connect(node)) {
            roundTrip(client);
            write("changed", 0);

            assertThat(call(node, "POST", "/reload").body()).isEqualTo("reloaded\n");

            assertThat(call(node, "GET", "/greeting").body()).isEqualTo("changed");
            roundTrip(client);
        }
    }

    @Test
    void aBadFileIsRefusedWithItsProblemsAndNothingChanges() throws Exception {
        RunningNode node = start(read("hello", 0));
        Files.writeString(folder.resolve("plinth.yaml"), "stack: test\necho: { greting: x }\nnodes: {}\n");

        HttpResponse<String> answer = call(node, "POST", "/reload");

        assertThat(answer.statusCode()).isEqualTo(422);
        assertThat(answer.body()).contains("plinth.yaml:2:9:").contains("greeting");
        assertThat(call(node, "GET", "/greeting").body()).isEqualTo("hello");
        assertThat(node.state()).isEqualTo(LifeCycle.State.RUNNING);
    }

    @Test
    void drainRefusesNewConnectionsAndStopsWhenTheLastOneEnds() throws Exception {
        RunningNode node = start(read("hello", 0));
        CompletableFuture<Void> stopped;
        try (Socket client = connect(node)) {
            roundTrip(client);

            stopped = node.drainAndStop(PATIENCE);
            await(() -> node.state() == LifeCycle.State.DRAINING && refuses(node));

            HttpResponse<String> ready = call(node, "GET", "/health/ready");
            assertThat(ready.statusCode()).isEqualTo(503);
            assertThat(ready.body()).contains("DRAINING");
            roundTrip(client);
            assertThat(stopped).isNotDone();
        }
        stopped.join();
        assertThat(node.state()).isEqualTo(LifeCycle.State.STOPPED);
    }

    @Test
    void aDrainEndsWhenPatienceDoes() throws Exception {
        RunningNode node = start(read("hello", 0));
        try (Socket client = connect(node)) {
            roundTrip(client);

            node.drainAndStop(Duration.ofMillis(10)).join();

            assertThat(client.getInputStream().read()).isEqualTo(-1);
        }
    }

    @Test
    void postDrainStopsTheNode() throws Exception {
        RunningNode node = start(read("hello", 0));

        assertThat(call(node, "POST", "/drain").statusCode()).isEqualTo(202);

        node.stopped().join();
    }

    @Test
    void aFailedStartLeavesNothingOpen() throws Exception {
        try (ServerSocket taken = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            int port = taken.getLocalPort();
            StackFile file = read("hello", port);
            assertThatThrownBy(() -> start(file))
                    .isInstanceOf(StartException.class)
                    .hasMessage(
                            "echo-1: echo: 127.0.0.1:%d is in use; stop what listens there or change nodes.echo-1.port"
                                    .formatted(port));
        }
        await(() -> Thread.getAllStackTraces().keySet().stream()
                .noneMatch(thread -> thread.getName().startsWith("echo-1-")));

        start(read("hello", 0));
    }

    @Test
    void aSecondNodeCannotUseTheSameFolder() throws Exception {
        StackFile file = read("hello", 0);
        start(file);

        assertThatThrownBy(() -> NodeRunner.start(TYPE, file, "echo-1"))
                .isInstanceOf(StartException.class)
                .hasMessageContaining(
                        "is in use by process " + ProcessHandle.current().pid());
    }

    @Test
    void namesTheNodesThereAre() throws Exception {
        StackFile file = read("hello", 0);

        assertThatThrownBy(() -> NodeRunner.start(TYPE, file, "echo-2"))
                .hasMessageStartingWith("node: echo-2 (expected: one of [echo-1] in ");
    }

    private static boolean refuses(RunningNode node) {
        try (Socket socket = connect(node)) {
            return socket.isClosed();
        } catch (IOException e) {
            return true;
        }
    }

    private static void await(java.util.function.BooleanSupplier condition) throws InterruptedException {
        long deadline = System.nanoTime() + PATIENCE.toNanos();
        while (!condition.getAsBoolean()) {
            assertThat(System.nanoTime()).as("deadline").isLessThan(deadline);
            Thread.sleep(5);
        }
    }
}
