package io.plinth.kit.net;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.netty.bootstrap.Bootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.socket.SocketChannel;
import io.netty.handler.ssl.SslHandler;
import io.netty.pkitesting.CertificateBuilder;
import io.netty.pkitesting.X509Bundle;
import io.plinth.kit.config.HostPort;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.cert.X509Certificate;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(60)
class TlsIT {
    private static final List<String> ALPN = List.of("h2", "http/1.1");

    @TempDir
    Path folder = Path.of("");

    private final NettyEventLoops loops = NettyEventLoops.open("lb-1", 1, "epoll");
    private final BoundListeners listeners = new BoundListeners("lb-1", name -> name, loops, InheritedSockets.none());

    @AfterEach
    void close() {
        listeners.close();
        loops.close();
    }

    private void certificate(String name) throws Exception {
        X509Bundle made = new CertificateBuilder()
                .subject("CN=" + name)
                .addSanDnsName(name)
                .setIsCertificateAuthority(true)
                .buildSelfSigned();
        Files.writeString(folder.resolve("cert.pem"), made.getCertificatePEM());
        Files.writeString(folder.resolve("key.pem"), made.getPrivateKeyPEM());
    }

    private ServerTls server() throws TlsException {
        return new ServerTls(folder.resolve("cert.pem"), folder.resolve("key.pem"), ALPN);
    }

    private InetSocketAddress listen(ServerTls tls) throws ListenException {
        return listeners
                .tcp("tls", new HostPort("127.0.0.1", 0), new ChannelInitializer<SocketChannel>() {
                    @Override
                    protected void initChannel(SocketChannel channel) {
                        channel.pipeline().addLast(tls.handler(channel.alloc()));
                    }
                })
                .address();
    }

    /** Name in the server's certificate, ALPN's choice and version. */
    private String handshake(InetSocketAddress at, ClientTls tls, String name) throws Exception {
        Channel channel = new Bootstrap()
                .group(loops.group())
                .channel(loops.clientChannel())
                .handler(new ChannelInitializer<SocketChannel>() {
                    @Override
                    protected void initChannel(SocketChannel channel) {
                        channel.pipeline().addLast(tls.handler(channel.alloc(), name, at.getPort()));
                    }
                })
                .connect(at)
                .sync()
                .channel();
        try {
            SslHandler handler = channel.pipeline().get(SslHandler.class);
            handler.handshakeFuture().get(20, TimeUnit.SECONDS);
            var session = handler.engine().getSession();
            X509Certificate certificate = (X509Certificate) session.getPeerCertificates()[0];
            return certificate.getSubjectX500Principal().getName() + " " + handler.applicationProtocol() + " "
                    + session.getProtocol();
        } finally {
            channel.close().sync();
        }
    }

    @Test
    void agreesOnTheBestProtocolAndVerifiesTheName() throws Exception {
        certificate("shop.example");
        try (ServerTls server = server();
                ClientTls client = ClientTls.verifying(folder.resolve("cert.pem"), List.of("http/1.1", "h2"))) {
            InetSocketAddress at = listen(server);

            assertThat(handshake(at, client, "shop.example")).isEqualTo("CN=shop.example h2 TLSv1.3");
            assertThatThrownBy(() -> handshake(at, client, "other.example")).hasStackTraceContaining("other.example");
        }
    }

    @Test
    void reloadSwapsTheCertificate() throws Exception {
        certificate("old.example");
        try (ServerTls server = server();
                ClientTls client = ClientTls.unverified(ALPN)) {
            InetSocketAddress at = listen(server);
            assertThat(handshake(at, client, "x")).startsWith("CN=old.example");

            certificate("new.example");
            server.reload();

            assertThat(handshake(at, client, "x")).startsWith("CN=new.example");
        }
    }

    @Test
    void aBrokenCertificateIsRefusedAndTheOldOneStays() throws Exception {
        certificate("old.example");
        try (ServerTls server = server();
                ClientTls client = ClientTls.unverified(ALPN)) {
            InetSocketAddress at = listen(server);
            Files.writeString(folder.resolve("cert.pem"), "no certificate");

            assertThatThrownBy(server::reload)
                    .isInstanceOf(TlsException.class)
                    .hasMessageContaining("cert.pem")
                    .hasMessageContaining("(expected: a PEM certificate chain");

            assertThat(handshake(at, client, "x")).startsWith("CN=old.example");
        }
    }

    @Test
    void namesAFileThatIsNotThere() {
        assertThatThrownBy(this::server).hasMessageContaining("cert.pem cannot be read");
    }
}
