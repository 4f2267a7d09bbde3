package io.plinth.kit.health;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.sun.net.httpserver.HttpServer;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.socket.SocketChannel;
import io.netty.handler.codec.http.DefaultFullHttpResponse;
import io.netty.handler.codec.http.HttpRequest;
import io.netty.handler.codec.http.HttpResponseStatus;
import io.netty.handler.codec.http.HttpServerCodec;
import io.netty.handler.codec.http.HttpVersion;
import io.netty.pkitesting.CertificateBuilder;
import io.netty.pkitesting.X509Bundle;
import io.netty.util.ReferenceCountUtil;
import io.plinth.kit.config.HostPort;
import io.plinth.kit.net.BoundListeners;
import io.plinth.kit.net.InheritedSockets;
import io.plinth.kit.net.NettyEventLoops;
import io.plinth.kit.net.ServerTls;
import io.plinth.testkit.FreePort;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.time.Duration;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

@Timeout(60)
class HealthMonitorIT {
    private static final InetSocketAddress LOOPBACK = new InetSocketAddress(InetAddress.getLoopbackAddress(), 0);

    private final NettyEventLoops loops = NettyEventLoops.open("lb-1", 1, "epoll");
    private final BlockingQueue<Boolean> verdicts = new LinkedBlockingQueue<>();
    private final AtomicInteger status = new AtomicInteger(200);
    private final AtomicReference<String> host = new AtomicReference<>("");
    private HealthMonitor monitor;
    private HttpServer server;
    private final ProbeClient client;

    HealthMonitorIT() throws Exception {
        monitor = new HealthMonitor(loops.clientChannel(), new SplittableRandom(1));
        client = new ProbeClient(loops.clientChannel());
        server = HttpServer.create(LOOPBACK, 0);
    }

    @BeforeEach
    void serve() {
        server.createContext("/", exchange -> {
            host.set(exchange.getRequestHeaders().getFirst("Host"));
            int answer = exchange.getRequestURI().getPath().equals("/healthz") ? status.get() : 404;
            exchange.sendResponseHeaders(answer, 0);
            try (var body = exchange.getResponseBody()) {
                body.write(new byte[100]);
            }
        });
        server.start();
    }

    @AfterEach
    void close() {
        server.stop(0);
        monitor.close();
        client.close();
        loops.close();
    }

    private static HealthCheckConfig check(@Nullable String http, @Nullable String host) {
        CheckOf check = new CheckOf().host(host);
        return (http == null ? check : check.http(http)).build();
    }

    private Watch watch(InetSocketAddress target, HealthCheckConfig check) {
        return monitor.watch("web-a", target, check, loops.all().getFirst(), verdicts::add);
    }

    private @Nullable Boolean next() throws InterruptedException {
        return verdicts.poll(20, TimeUnit.SECONDS);
    }

    @Test
    void tellsTheFirstVerdictAndEveryChange() throws Exception {
        try (Watch watch = watch(server.getAddress(), check("/healthz", "shop.example"))) {
            assertThat(next()).isTrue();
            assertThat(host).hasValue("shop.example");

            status.set(503);
            assertThat(next()).isFalse();

            status.set(200);
            assertThat(next()).isTrue();

            watch.eject("connect refused");
            assertThat(next()).isFalse();
            assertThat(next()).isTrue();
        }
    }

    @ParameterizedTest
    @CsvSource({"/healthz, true", "/elsewhere, false"})
    void expectsTheStatus(String path, boolean expected) throws Exception {
        try (Watch watch = watch(server.getAddress(), check(path, null))) {
            assertThat(watch).isNotNull();
            assertThat(next()).isEqualTo(expected);
            assertThat(host.get()).isEqualTo("127.0.0.1:" + server.getAddress().getPort());
        }
    }

    @Test
    void aRefusedConnectIsAFailure() throws Exception {
        InetSocketAddress free = new InetSocketAddress(InetAddress.getLoopbackAddress(), FreePort.find());
        assertThat(probe(free, check(null, null)).success()).isFalse();
        assertThat(probe(free, check("/", null)).reason()).contains("refused");
    }

    @Test
    void aTcpCheckOnlyConnects() throws Exception {
        assertThat(probe(server.getAddress(), check(null, null))).isEqualTo(new ProbeResult(true, "connected"));
    }

    @Test
    void aSilentServerFailsAfterTheTimeout() throws Exception {
        try (ServerSocket silent = new ServerSocket(0, 5, InetAddress.getLoopbackAddress())) {
            HealthCheckConfig check =
                    new CheckOf().http("/").timeout(Duration.ofMillis(30)).build();
            assertThat(probe((InetSocketAddress) silent.getLocalSocketAddress(), check))
                    .isEqualTo(new ProbeResult(false, "no answer within 30 ms"));
        }
    }

    @Test
    void aServerThatDoesNotSpeakHttpFails() throws Exception {
        try (ServerSocket odd = new ServerSocket(0, 5, InetAddress.getLoopbackAddress())) {
            CompletableFuture<ProbeResult> result =
                    begin((InetSocketAddress) odd.getLocalSocketAddress(), check("/", null));
            try (var accepted = odd.accept()) {
                accepted.getOutputStream()
                        .write("220 mail.example ESMTP\r\n\r\n".getBytes(java.nio.charset.StandardCharsets.US_ASCII));
                assertThat(result.get(20, TimeUnit.SECONDS).reason()).startsWith("no HTTP: ");
            }
        }
    }

    @Test
    void probesOverTlsWithTheServerName() throws Exception {
        X509Bundle certificate = new CertificateBuilder()
                .subject("CN=shop.example")
                .setIsCertificateAuthority(true)
                .buildSelfSigned();
        try (ServerTls tls = new ServerTls(
                        certificate.toTempCertChainPem().toPath(),
                        certificate.toTempPrivateKeyPem().toPath(),
                        List.of());
                BoundListeners listeners = new BoundListeners("web", name -> name, loops, InheritedSockets.none())) {
            InetSocketAddress at = listeners
                    .tcp("tls", new HostPort("127.0.0.1", 0), new ChannelInitializer<SocketChannel>() {
                        @Override
                        protected void initChannel(SocketChannel channel) {
                            channel.pipeline()
                                    .addLast(tls.handler(channel.alloc()))
                                    .addLast(new HttpServerCodec())
                                    .addLast(new Ok());
                        }
                    })
                    .address();
            assertThat(probe(at, new CheckOf().http("/").tls("shop.example").build()))
                    .isEqualTo(new ProbeResult(true, "200 OK"));
        }
    }

    private static final class Ok extends ChannelInboundHandlerAdapter {
        @Override
        public void channelRead(ChannelHandlerContext ctx, Object message) {
            if (message instanceof HttpRequest) {
                var ok = new DefaultFullHttpResponse(HttpVersion.HTTP_1_1, HttpResponseStatus.OK);
                ok.headers().set("content-length", 0);
                ctx.writeAndFlush(ok);
            }
            ReferenceCountUtil.release(message);
        }
    }

    @Test
    void refusesAnUnresolvedTarget() {
        InetSocketAddress name = InetSocketAddress.createUnresolved("web.example", 80);
        assertThatThrownBy(() -> watch(name, check(null, null))).hasMessageContaining("(expected: resolved)");
    }

    private CompletableFuture<ProbeResult> begin(InetSocketAddress target, HealthCheckConfig check) {
        CompletableFuture<ProbeResult> result = new CompletableFuture<>();
        client.probe(loops.all().getFirst(), target, check, result::complete);
        return result;
    }

    private ProbeResult probe(InetSocketAddress target, HealthCheckConfig check) throws Exception {
        return begin(target, check).get(20, TimeUnit.SECONDS);
    }
}
