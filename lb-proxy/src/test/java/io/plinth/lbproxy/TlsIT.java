package io.plinth.lbproxy;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.netty.pkitesting.CertificateBuilder;
import io.netty.pkitesting.X509Bundle;
import io.plinth.testkit.LeakCheck;
import java.nio.file.Files;
import java.nio.file.Path;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLSocket;
import javax.net.ssl.TrustManagerFactory;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

@ExtendWith(LeakCheck.class)
@Timeout(60)
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
}
