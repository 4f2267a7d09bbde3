package io.plinth.lbproxy;

import static org.assertj.core.api.Assertions.assertThat;

import io.grpc.Server;
import io.grpc.ServerInterceptors;
import io.grpc.netty.shaded.io.grpc.netty.NettyServerBuilder;
import io.grpc.testing.integration.TestServiceImpl;
import java.io.File;
import java.io.InputStream;
import java.net.MalformedURLException;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * gRPC's interoperability client, a process for each of its cases, through the proxy at their own service: HTTP/2 to HTTP/2, in
 * plaintext and over TLS. The profile {@code grpc} runs it and has what the client needs; its name keeps it out of every
 * other build. Left out are cases of Google's credentials and of load reports, and {@code cacheable_unary} and the
 * probes of {@code client_compressed_*}, which the service in Java does not do.
 */
@Timeout(120)
class GrpcClientCases {
    private static final List<String> CASES = List.of(
            "empty_unary",
            "large_unary",
            "client_compressed_unary_noprobe",
            "server_compressed_unary",
            "client_streaming",
            "client_compressed_streaming_noprobe",
            "server_streaming",
            "server_compressed_streaming",
            "ping_pong",
            "empty_stream",
            "custom_metadata",
            "status_code_and_message",
            "special_status_message",
            "unimplemented_method",
            "unimplemented_service",
            "cancel_after_begin",
            "cancel_after_first_response",
            "timeout_on_sleeping_server",
            "very_large_request",
            "pick_first_unary",
            "rpc_soak",
            "channel_soak");

    @TempDir
    static Path folder;

    private static ScheduledExecutorService executor;
    private static Server server;
    private static Proxy proxy;

    @BeforeAll
    static void start() throws Exception {
        executor = Executors.newScheduledThreadPool(1);
        server = NettyServerBuilder.forPort(0)
                .maxInboundMessageSize(16 << 20)
                .addService(ServerInterceptors.intercept(new TestServiceImpl(executor), TestServiceImpl.interceptors()))
                .build()
                .start();
        URL[] client = Stream.of(System.getProperty("grpc.client").split(File.pathSeparator, -1))
                .map(GrpcClientCases::url)
                .toArray(URL[]::new);
        try (URLClassLoader theirs = new URLClassLoader(client, null)) {
            for (String name : List.of("server1.pem", "server1.key")) {
                try (InputStream in = theirs.getResourceAsStream("certs/" + name)) {
                    Files.copy(Objects.requireNonNull(in, name), folder.resolve(name));
                }
            }
        }
        proxy = Proxy.start(folder, """
              listeners:
                public: { bind: 127.0.0.1:0 }
                secure: { bind: 127.0.0.1:0, tls: { cert: server1.pem, key: server1.key } }
              routes: { all: { pool: grpc } }
              pools:
                grpc: { servers: { s: "127.0.0.1:%d" }, protocol: http2 }
            """.formatted(server.getPort()));
    }

    private static URL url(String jar) {
        try {
            return Path.of(jar).toUri().toURL();
        } catch (MalformedURLException e) {
            throw new IllegalArgumentException(jar, e);
        }
    }

    @AfterAll
    static void stop() throws Exception {
        proxy.close();
        server.shutdownNow().awaitTermination(10, TimeUnit.SECONDS);
        executor.shutdownNow();
    }

    static Stream<Arguments> cases() {
        return CASES.stream().flatMap(each -> Stream.of(Arguments.of(each, "public"), Arguments.of(each, "secure")));
    }

    @ParameterizedTest
    @MethodSource("cases")
    void theClientIsContent(String name, String listener) throws Exception {
        Path log = folder.resolve(name + "-" + listener);
        boolean tls = listener.equals("secure");
        Process client = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-XX:TieredStopAtLevel=1",
                        "-Xmx256m",
                        "-cp",
                        System.getProperty("grpc.client"),
                        "io.grpc.testing.integration.TestServiceClient",
                        "--server_host=127.0.0.1",
                        "--server_port=" + proxy.address(listener).getPort(),
                        "--server_host_override=foo.test.google.fr",
                        "--use_tls=" + tls,
                        "--use_test_ca=" + tls,
                        "--soak_per_iteration_max_acceptable_latency_ms=20000",
                        "--soak_overall_timeout_seconds=90",
                        "--test_case=" + name)
                .redirectErrorStream(true)
                .redirectOutput(log.toFile())
                .start();
        try {
            assertThat(client.waitFor(100, TimeUnit.SECONDS)).isTrue();
        } finally {
            client.destroyForcibly();
        }
        String said = Files.readString(log);
        assertThat(client.exitValue()).as(said).isZero();
        assertThat(said).contains("Running test " + name, "Test completed.");
    }
}
