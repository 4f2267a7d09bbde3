package io.plinth.kit.health;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.net.httpserver.HttpServer;
import io.grpc.Server;
import io.grpc.health.v1.HealthCheckResponse.ServingStatus;
import io.grpc.netty.shaded.io.grpc.netty.GrpcSslContexts;
import io.grpc.netty.shaded.io.grpc.netty.NettyServerBuilder;
import io.grpc.protobuf.services.HealthStatusManager;
import io.netty.pkitesting.CertificateBuilder;
import io.netty.pkitesting.X509Bundle;
import io.plinth.kit.net.NettyEventLoops;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Every kind of probe against something real that goes bad and recovers. */
@Timeout(60)
class HealthKindsIT {
    private static final InetSocketAddress LOOPBACK = new InetSocketAddress(InetAddress.getLoopbackAddress(), 0);

    private final NettyEventLoops loops = NettyEventLoops.open("node", 1, "epoll");
    private final HealthMonitor monitor;
    private final BlockingQueue<Boolean> verdicts = new LinkedBlockingQueue<>();

    @TempDir
    private Path folder = Path.of("");

    HealthKindsIT() throws Exception {
        monitor = new HealthMonitor(loops.clientChannel(), new SplittableRandom(1), 2);
    }

    @AfterEach
    void close() {
        monitor.close();
        loops.close();
    }

    private Watch watch(InetSocketAddress target, CheckOf check) {
        return monitor.watch("web-a", target, check.build(), loops.all().getFirst(), verdicts::add);
    }

    private @Nullable Boolean next() throws InterruptedException {
        return verdicts.poll(20, TimeUnit.SECONDS);
    }

    @Test
    void httpLooksForTextInTheBodyWhereverItIsCut() throws Exception {
        AtomicReference<String> body = new AtomicReference<>("{\"state\": \"ready\"}");
        HttpServer server = HttpServer.create(LOOPBACK, 0);
        server.createContext("/", exchange -> {
            exchange.sendResponseHeaders(203, 0);
            try (var out = exchange.getResponseBody()) {
                for (byte octet : String.valueOf(body.get()).getBytes(StandardCharsets.UTF_8)) {
                    out.write(octet);
                    out.flush();
                }
            }
        });
        server.start();
        CheckOf check = new CheckOf().http("/").expect("200-299").body("\"ready\"");
        try (Watch watch = watch(server.getAddress(), check)) {
            assertThat(watch.weight()).isEqualTo(100);
            assertThat(next()).isTrue();
            body.set("{\"state\": \"draining\"}");
            assertThat(next()).isFalse();
            body.set("\u00fc".repeat(1_000) + "\"ready\"");
            assertThat(next()).isTrue();
        } finally {
            server.stop(0);
        }
    }

    @Test
    void tcpConnects() throws Exception {
        ServerSocket server = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
        InetSocketAddress at = (InetSocketAddress) server.getLocalSocketAddress();
        try (Watch watch = watch(at, new CheckOf())) {
            assertThat(watch).isNotNull();
            assertThat(next()).isTrue();
            server.close();
            assertThat(next()).isFalse();
            server = new ServerSocket(at.getPort(), 50, InetAddress.getLoopbackAddress());
            assertThat(next()).isTrue();
        } finally {
            server.close();
        }
    }

    @Test
    void grpcAsksTheHealthService() throws Exception {
        HealthStatusManager health = new HealthStatusManager();
        Server server = NettyServerBuilder.forAddress(LOOPBACK)
                .addService(health.getHealthService())
                .build()
                .start();
        InetSocketAddress at = (InetSocketAddress) server.getListenSockets().getFirst();
        try (Watch watch = watch(at, new CheckOf().grpc("shop.v1.Carts"))) {
            assertThat(watch).isNotNull();
            // The service is not known yet: grpc-status 5.
            assertThat(next()).isFalse();
            health.setStatus("shop.v1.Carts", ServingStatus.SERVING);
            assertThat(next()).isTrue();
            health.setStatus("shop.v1.Carts", ServingStatus.NOT_SERVING);
            assertThat(next()).isFalse();
            health.setStatus("shop.v1.Carts", ServingStatus.SERVING);
            assertThat(next()).isTrue();
        } finally {
            server.shutdownNow().awaitTermination(20, TimeUnit.SECONDS);
        }
    }

    @Test
    void grpcGoesOverTlsAndAsksForTheWholeServer() throws Exception {
        X509Bundle certificate = new CertificateBuilder()
                .subject("CN=shop.example")
                .setIsCertificateAuthority(true)
                .buildSelfSigned();
        HealthStatusManager health = new HealthStatusManager();
        Server server = NettyServerBuilder.forAddress(LOOPBACK)
                .sslContext(
                        GrpcSslContexts.forServer(certificate.toTempCertChainPem(), certificate.toTempPrivateKeyPem())
                                .build())
                .addService(health.getHealthService())
                .build()
                .start();
        InetSocketAddress at = (InetSocketAddress) server.getListenSockets().getFirst();
        try (Watch watch = watch(at, new CheckOf().grpc("").tls("shop.example"))) {
            assertThat(watch).isNotNull();
            assertThat(next()).isTrue();
            server.shutdownNow().awaitTermination(20, TimeUnit.SECONDS);
            assertThat(next()).isFalse();
        } finally {
            server.shutdownNow();
        }
    }

    @Test
    void whatIsNoGrpcServerIsDown() throws Exception {
        HttpServer server = HttpServer.create(LOOPBACK, 0);
        server.start();
        try (Watch watch = watch(server.getAddress(), new CheckOf().grpc(""))) {
            assertThat(watch).isNotNull();
            assertThat(next()).isFalse();
        } finally {
            server.stop(0);
        }
    }

    @Test
    void aProgramSaysByItsExitStatus() throws Exception {
        Path flag = Files.createFile(folder.resolve("up"));
        CheckOf check = new CheckOf()
                .command(
                        "/bin/sh",
                        "-c",
                        "test \"$0:$1\" = 192.0.2.7:8080 && test -e '" + flag + "'",
                        "{address}",
                        "{port}");
        try (Watch watch = watch(new InetSocketAddress("192.0.2.7", 8080), check)) {
            assertThat(watch).isNotNull();
            assertThat(next()).isTrue();
            Files.delete(flag);
            assertThat(next()).isFalse();
            Files.createFile(flag);
            assertThat(next()).isTrue();
        }
    }

    @Test
    void noShellReadsTheArguments() throws Exception {
        Path made = folder.resolve("made");
        try (Watch watch =
                watch(LOOPBACK, new CheckOf().command("/bin/echo", "; touch " + made, "$(touch " + made + ")"))) {
            assertThat(watch).isNotNull();
            assertThat(next()).isTrue();
            assertThat(made).doesNotExist();
        }
    }

    @Test
    void aProgramThatTakesTooLongIsKilledWithWhatItStarted() throws Exception {
        Path pids = folder.resolve("pids");
        String script = "sleep 600 & echo $! >> '" + pids + "'; echo $$ >> '" + pids + "'; wait";
        CheckOf check = new CheckOf().command("/bin/sh", "-c", script).timeout(Duration.ofSeconds(1));
        try (Watch watch = watch(LOOPBACK, check)) {
            assertThat(watch).isNotNull();
            assertThat(next()).isFalse();
            // One that was killed before it had begun was tried again.
            await(() -> Files.exists(pids) && Files.readAllLines(pids).size() > 1);
        }
        awaitDead(pids);
    }

    @Test
    void aProgramIsKilledWhenTheWatchEnds() throws Exception {
        Path pids = folder.resolve("pids");
        String script = "echo $$ >> '" + pids + "'; exec sleep 600";
        CheckOf check = new CheckOf().command("/bin/sh", "-c", script).timeout(Duration.ofMinutes(1));
        try (Watch watch = watch(LOOPBACK, check)) {
            assertThat(watch).isNotNull();
            await(() -> Files.exists(pids) && Files.size(pids) > 1);
        }
        awaitDead(pids);
    }

    private static void awaitDead(Path pids) throws Exception {
        await(() -> Files.readAllLines(pids).stream()
                .map(Long::valueOf)
                .allMatch(pid ->
                        ProcessHandle.of(pid).filter(ProcessHandle::isAlive).isEmpty()));
    }

    @Test
    void onlySoManyProgramsRunAtOnce() throws Exception {
        // Not in the folder that goes with the test: what a killed shell had just begun may still write.
        Path stays = Files.createTempDirectory(Files.createDirectories(Path.of("target")), "programs");
        Path running = Files.createDirectory(stays.toAbsolutePath().resolve("running"));
        Path most = running.resolveSibling("most");
        String script = "touch " + running + "/$$; ls " + running + " | wc -l >> " + most + "; sleep 0.05; rm "
                + running + "/$$";
        CheckOf check = new CheckOf().command("/bin/sh", "-c", script).interval(Duration.ofMillis(10));
        List<Watch> watches = new ArrayList<>();
        for (int i = 0; i < 8; i++) {
            watches.add(watch(LOOPBACK, check));
        }
        await(() -> Files.exists(most) && Files.readAllLines(most).size() > 20);
        watches.forEach(Watch::close);
        assertThat(Files.readAllLines(most))
                .allSatisfy(line -> assertThat(Integer.parseInt(line.strip())).isBetween(1, 2));
    }

    @Test
    void aFileSaysWhatIsUpWithWeightAndTime() throws Exception {
        Path file = write("192.0.2.7 => UP/300 # a comment\n192.0.2.8 => DOWN\n");
        CheckOf direct = new CheckOf().file(file.toString()).thresholds(1, 1);
        try (Watch watch = watch(new InetSocketAddress("192.0.2.7", 80), direct)) {
            assertThat(next()).isTrue();
            assertThat(watch.soonestChange()).isEqualTo(Duration.ofMinutes(5));

            write("192.0.2.7 => DOWN\n");
            assertThat(next()).isFalse();
            assertThat(watch.soonestChange()).isGreaterThan(Duration.ofDays(1_000));

            // The name counts more than the address, as names have no address.
            write("192.0.2.7 => DOWN\nweb-a => UP 30\n");
            assertThat(next()).isTrue();
            assertThat(watch.weight()).isEqualTo(30);

            write("web-a => up 70\n");
            assertThat(next()).isTrue();
            assertThat(watch.weight()).isEqualTo(70);

            write("web-a => perhaps\n");
            write("web-a => DOWN\n");
            assertThat(next()).isFalse();

            write("192.0.2.9 => DOWN\n");
            assertThat(next()).isTrue();
        }
    }

    @Test
    void aFileMayBeMonitoredWithThresholds() throws Exception {
        Path file = write("web-a => UP\n");
        CheckOf check = new CheckOf().file(file.toString()).interval(Duration.ofMillis(100));
        try (Watch watch = watch(LOOPBACK, check)) {
            assertThat(next()).isTrue();
            assertThat(watch.soonestChange()).isEqualTo(Duration.ofMillis(300));
            write("web-a => DOWN\n");
            assertThat(next()).isFalse();
            assertThat(watch.soonestChange()).isEqualTo(Duration.ofMillis(200));
        }
    }

    @Test
    void aFileThatIsNotThereSaysNothingAgainstAnybody() throws Exception {
        try (Watch watch =
                watch(LOOPBACK, new CheckOf().file(folder.resolve("none").toString()))) {
            assertThat(watch).isNotNull();
            assertThat(next()).isTrue();
        }
    }

    /** By a new file in the old one's place, so that none is read half written. */
    private Path write(String text) throws IOException {
        Path next = Files.writeString(folder.resolve("states.next"), text);
        return Files.move(next, folder.resolve("states"), StandardCopyOption.REPLACE_EXISTING);
    }

    /** A condition that is asked again and again. */
    @FunctionalInterface
    private interface Condition {
        boolean holds() throws IOException;
    }

    private static void await(Condition condition) throws Exception {
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(20);
        while (!condition.holds()) {
            assertThat(System.nanoTime()).isLessThan(deadline);
            Thread.onSpinWait();
            TimeUnit.MILLISECONDS.sleep(5);
        }
    }
}
