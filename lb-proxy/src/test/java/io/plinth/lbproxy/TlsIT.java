package io.plinth.lbproxy;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.netty.pkitesting.CertificateBuilder;
import io.netty.pkitesting.X509Bundle;
import io.plinth.testkit.LeakCheck;
import io.plinth.testkit.Peer;
import io.plinth.testkit.RequiresPeer;
import java.net.InetAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import javax.net.ssl.SNIHostName;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLParameters;
import javax.net.ssl.SSLServerSocket;
import javax.net.ssl.SSLSocket;
import javax.net.ssl.TrustManagerFactory;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@ExtendWith(LeakCheck.class)
@Timeout(120)
class TlsIT {
    @TempDir
    Path folder;

    private static X509Bundle certificate() throws Exception {
        return new CertificateBuilder()
                .subject("CN=shop.example")
                .addSanDnsName("shop.example")
                .setIsCertificateAuthority(true)
                .buildSelfSigned();
    }

    private void write(X509Bundle bundle) throws Exception {
        Files.writeString(folder.resolve("cert.pem"), bundle.getCertificatePathPEM());
        Files.writeString(folder.resolve("key.pem"), bundle.getPrivateKeyPEM());
    }

    private static String section(Origin origin) {
        return """
              listeners: { public: { bind: 127.0.0.1:0, tls: { cert: cert.pem, key: key.pem } } }
            """ + Proxy.section("", origin);
    }

    private static Http connect(Proxy proxy, X509Bundle trusted) throws Exception {
        TrustManagerFactory trust = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
        trust.init(trusted.toKeyStore("x".toCharArray()));
        SSLContext context = SSLContext.getInstance("TLS");
        context.init(null, trust.getTrustManagers(), null);
        SSLSocket socket = (SSLSocket) context.getSocketFactory()
                .createSocket("127.0.0.1", proxy.address().getPort());
        socket.startHandshake();
        return Http.over(socket);
    }

    @Test
    void aListenerWithACertificateTerminatesTls() throws Exception {
        X509Bundle bundle = certificate();
        write(bundle);
        String large = "y".repeat(300_000);
        try (Origin origin = Origin.answering(large);
                Proxy proxy = Proxy.start(folder, section(origin));
                Http http = connect(proxy, bundle)) {
            for (int i = 0; i < 5; i++) {
                assertThat(http.get("/").body()).isEqualTo(large);
            }
            assertThat(origin.heads.getFirst()).contains("X-Forwarded-Proto: https\r\n");
            http.send("GET / HTTP/1.1\r\n\r\n");
            assertThat(http.read().status()).isEqualTo(400);
        }
    }

    @Test
    void whoDoesNotSpeakTlsIsClosed() throws Exception {
        write(certificate());
        try (Origin origin = Origin.answering("x");
                Proxy proxy = Proxy.start(folder, section(origin));
                Http http = proxy.connect()) {
            http.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
            Proxy.await("close", http::closed);
        }
    }

    @Test
    void aReloadReadsTheCertificateAgain() throws Exception {
        X509Bundle first = certificate();
        write(first);
        try (Origin origin = Origin.answering("x");
                Proxy proxy = Proxy.start(folder, section(origin));
                Http before = connect(proxy, first)) {
            X509Bundle second = certificate();
            write(second);
            proxy.reload(section(origin));
            assertThat(before.get("/").status()).isEqualTo(200);
            try (Http after = connect(proxy, second)) {
                assertThat(after.get("/").status()).isEqualTo(200);
            }
            Files.writeString(folder.resolve("key.pem"), "no key");
            assertThatThrownBy(() -> proxy.reload(section(origin)))
                    .hasStackTraceContaining("lb-proxy.listeners.public");
            try (Http still = connect(proxy, second)) {
                assertThat(still.get("/").status()).isEqualTo(200);
            }
        }
    }

    @Test
    void aMissingCertificateIsOneLineAtStart() throws Exception {
        try (Origin origin = Origin.answering("x")) {
            assertThatThrownBy(() -> Proxy.start(folder, section(origin)).close())
                    .hasMessageContaining("cert.pem")
                    .hasMessageContaining("cannot be read");
        }
    }

    private static X509Bundle named(String name, X509Bundle issuer) throws Exception {
        return new CertificateBuilder()
                .subject("CN=" + name)
                .addSanDnsName(name)
                .buildIssuedBy(issuer);
    }

    private void write(String name, X509Bundle bundle) throws Exception {
        Files.writeString(folder.resolve(name + ".pem"), bundle.getCertificatePathPEM());
        Files.writeString(folder.resolve(name + ".key"), bundle.getPrivateKeyPEM());
    }

    private static SSLContext trusting(X509Bundle authority, @org.jspecify.annotations.Nullable X509Bundle own)
            throws Exception {
        TrustManagerFactory trust = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
        trust.init(authority.toKeyStore("x".toCharArray()));
        SSLContext context = SSLContext.getInstance("TLS");
        context.init(own == null ? null : own.toKeyManagerFactory().getKeyManagers(), trust.getTrustManagers(), null);
        return context;
    }

    private static SSLSocket open(SSLContext context, Proxy proxy, String name) throws Exception {
        SSLSocket socket = (SSLSocket) context.getSocketFactory()
                .createSocket("127.0.0.1", proxy.address().getPort());
        SSLParameters parameters = socket.getSSLParameters();
        parameters.setServerNames(List.of(new SNIHostName(name)));
        socket.setSSLParameters(parameters);
        socket.startHandshake();
        return socket;
    }

    @Test
    void theCertificateIsTheOneOfTheNameAskedForAndReloadsWithTheOthers() throws Exception {
        X509Bundle authority = certificate();
        write("a", named("a.example", authority));
        write("b", named("b.example", authority));
        write("c", named("x.c.example", authority));
        try (Origin origin = Origin.answering("x")) {
            String section = """
                  listeners:
                    public:
                      bind: 127.0.0.1:0
                      tls:
                        cert: a.pem
                        key: a.key
                        sni: { b.example: { cert: b.pem, key: b.key }, "*.c.example": { cert: c.pem, key: c.key } }
                """ + Proxy.section("", origin);
            try (Proxy proxy = Proxy.start(folder, section)) {
                for (String[] pair : new String[][] {
                    {"a.example", "CN=a.example"},
                    {"B.example", "CN=b.example"},
                    {"x.c.example", "CN=x.c.example"},
                    {"other.example", "CN=a.example"}
                }) {
                    try (SSLSocket socket = open(trusting(authority, null), proxy, pair[0]);
                            Http http = Http.over(socket)) {
                        assertThat(socket.getSession().getPeerPrincipal().getName())
                                .isEqualTo(pair[1]);
                        assertThat(http.get("/").body()).isEqualTo("x");
                    }
                }
                try (SSLSocket before = open(trusting(authority, null), proxy, "b.example");
                        Http http = Http.over(before)) {
                    write("b", named("new.b.example", authority));
                    proxy.reload(section);
                    assertThat(http.get("/").body()).isEqualTo("x");
                    try (SSLSocket after = open(trusting(authority, null), proxy, "b.example")) {
                        assertThat(after.getSession().getPeerPrincipal().getName())
                                .isEqualTo("CN=new.b.example");
                    }
                }
            }
        }
    }

    /** RFC 6066 3: a session of one name is not resumed under another, or its client would get the first one's certificate. */
    @ParameterizedTest
    @ValueSource(strings = {"-tls1_2", "-tls1_3"})
    @RequiresPeer("openssl")
    void aSessionOfOneNameIsNotResumedUnderAnother(String version) throws Exception {
        X509Bundle authority = certificate();
        write("a", named("a.example", authority));
        write("b", named("b.example", authority));
        write("c", named("x.c.example", authority));
        try (Origin origin = Origin.answering("x");
                Proxy proxy = Proxy.start(folder, """
                      listeners:
                        public:
                          bind: 127.0.0.1:0
                          tls:
                            cert: a.pem
                            key: a.key
                            sni: { b.example: { cert: b.pem, key: b.key }, "*.c.example": { cert: c.pem, key: c.key } }
                    """ + Proxy.section("", origin))) {
            assertThat(session(proxy, version, "b.example", "-sess_out"))
                    .contains("New, ")
                    .contains("CN = b.example");
            assertThat(session(proxy, version, "b.example", "-sess_in")).contains("Reused, ");
            for (String[] other :
                    new String[][] {{"a.example", "a.example"}, {"x.c.example", "x.c.example"}, {"none", "a.example"}
                    }) {
                assertThat(session(proxy, version, other[0], "-sess_in"))
                        .contains("New, ")
                        .contains("CN = " + other[1]);
            }
            assertThat(session(proxy, version, "a.example", "-sess_out")).contains("New, ");
            assertThat(session(proxy, version, "b.example", "-sess_in"))
                    .contains("New, ")
                    .contains("CN = b.example");
        }
    }

    /** What openssl says of a connection on which it asked for a page, so that tickets have come. */
    private String session(Proxy proxy, String version, String name, String keep) throws Exception {
        Process client = new ProcessBuilder(
                        Peer.path("openssl").toString(),
                        "s_client",
                        version,
                        "-connect",
                        "127.0.0.1:" + proxy.address().getPort(),
                        "-servername",
                        name,
                        keep,
                        folder.resolve("session").toString(),
                        "-ign_eof")
                .redirectErrorStream(true)
                .start();
        try (var out = client.getOutputStream()) {
            out.write("GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n".getBytes(StandardCharsets.US_ASCII));
            out.flush();
            return new String(client.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        } finally {
            client.destroy();
        }
    }

    @Test
    void clientsShowCertificatesWhereTheyAreAskedTo() throws Exception {
        X509Bundle authority = certificate();
        write(authority);
        X509Bundle clients = new CertificateBuilder()
                .subject("CN=clients")
                .setIsCertificateAuthority(true)
                .buildSelfSigned();
        Files.writeString(folder.resolve("clients.pem"), clients.getCertificatePathPEM());
        try (Origin origin = Origin.answering("x");
                Proxy proxy = Proxy.start(
                        folder, section(origin).replace("key: key.pem }", "key: key.pem, client-ca: clients.pem }"))) {
            SSLContext known = trusting(authority, named("me", clients));
            try (Http http = Http.over(open(known, proxy, "shop.example"))) {
                assertThat(http.get("/").body()).isEqualTo("x");
            }
            assertThatThrownBy(() -> {
                        try (Http http = Http.over(open(trusting(authority, null), proxy, "shop.example"))) {
                            http.get("/");
                        }
                    })
                    .isInstanceOf(java.io.IOException.class);
            assertThatThrownBy(() -> {
                        try (Http http = Http.over(
                                open(trusting(authority, named("other", authority)), proxy, "shop.example"))) {
                            http.get("/");
                        }
                    })
                    .isInstanceOf(java.io.IOException.class);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"TLSv1.2", "TLSv1.3"})
    void aSessionIsResumedEvenAfterAReload(String version) throws Exception {
        X509Bundle bundle = certificate();
        write(bundle);
        try (Origin origin = Origin.answering("x");
                Proxy proxy = Proxy.start(folder, section(origin))) {
            SSLContext client = trusting(bundle, null);
            try (SSLSocket socket = version(client, proxy, version);
                    Http http = Http.over(socket)) {
                assertThat(http.get("/").body()).isEqualTo("x");
                socket.getSession().putValue("mark", "first");
            }
            for (int i = 0; i < 2; i++) {
                try (SSLSocket socket = version(client, proxy, version);
                        Http http = Http.over(socket)) {
                    assertThat(http.get("/").body()).isEqualTo("x");
                    assertThat(socket.getSession().getValue("mark"))
                            .as("try %d", i)
                            .isEqualTo("first");
                }
                proxy.reload(section(origin));
            }
        }
    }

    private static SSLSocket version(SSLContext context, Proxy proxy, String version) throws Exception {
        SSLSocket socket = (SSLSocket) context.getSocketFactory()
                .createSocket("127.0.0.1", proxy.address().getPort());
        socket.setEnabledProtocols(new String[] {version});
        socket.startHandshake();
        return socket;
    }

    @Test
    void serversAreSpokenToInTlsAndShownOurCertificate() throws Exception {
        X509Bundle authority = certificate();
        write("ca", authority);
        write("own", named("proxy.example", authority));
        SSLContext server = trusting(authority, named("origin.example", authority));
        try (SSLServerSocket listening = (SSLServerSocket)
                        server.getServerSocketFactory().createServerSocket(0, 10, InetAddress.getLoopbackAddress());
                Origin unused = Origin.answering("x")) {
            listening.setNeedClientAuth(true);
            Thread.ofVirtual().start(() -> serve(listening));
            String section = """
                  routes: { all: { pool: web }, bad: { path: /bad, pool: bad } }
                  pools:
                    web:
                      servers: { a: "127.0.0.1:%1$d" }
                      tls: { ca: ca.pem, name: origin.example, cert: own.pem, key: own.key }
                    bad:
                      servers: { a: "127.0.0.1:%1$d" }
                      tls: { ca: ca.pem, name: other.example, cert: own.pem, key: own.key }
                """.formatted(listening.getLocalPort());
            try (Proxy proxy = Proxy.start(folder, section)) {
                Http.Response good = Http.get(proxy.address(), "/");
                assertThat(good.body()).isEqualTo("CN=proxy.example");
                assertThat(Http.get(proxy.address(), "/bad").status()).isEqualTo(502);
                write("own", named("renewed.example", authority));
                proxy.reload(section);
                assertThat(Http.get(proxy.address(), "/").body()).isEqualTo("CN=renewed.example");
            }
            assertThat(unused.connections).hasValue(0);
        }
    }

    private static void serve(SSLServerSocket listening) {
        while (!listening.isClosed()) {
            try {
                SSLSocket socket = (SSLSocket) listening.accept();
                Thread.ofVirtual().start(() -> {
                    try (socket) {
                        while (Http.readHead(socket.getInputStream()) != null) {
                            String name = socket.getSession().getPeerPrincipal().getName();
                            socket.getOutputStream()
                                    .write(("HTTP/1.1 200 OK\r\nContent-Length: " + name.length() + "\r\n\r\n" + name)
                                            .getBytes(java.nio.charset.StandardCharsets.US_ASCII));
                        }
                    } catch (java.io.IOException gone) {
                        // The proxy went first, or refused our name.
                    }
                });
            } catch (java.io.IOException closed) {
                return;
            }
        }
    }
}
