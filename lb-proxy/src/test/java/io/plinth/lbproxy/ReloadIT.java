package io.plinth.lbproxy;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.netty.pkitesting.CertificateBuilder;
import io.netty.pkitesting.X509Bundle;
import io.plinth.testkit.LeakCheck;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.cert.CertificateException;
import java.security.cert.X509Certificate;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLSocket;
import javax.net.ssl.TrustManager;
import javax.net.ssl.X509TrustManager;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

@ExtendWith(LeakCheck.class)
@Timeout(60)
class ReloadIT {
    @TempDir
    Path folder;

    private void certificate(String name) throws Exception {
        X509Bundle bundle = new CertificateBuilder()
                .subject("CN=" + name)
                .setIsCertificateAuthority(true)
                .buildSelfSigned();
        Files.writeString(folder.resolve("cert.pem"), bundle.getCertificatePathPEM());
        Files.writeString(folder.resolve("key.pem"), bundle.getPrivateKeyPEM());
    }

    /** Whose certificate the proxy shows. */
    private static String shown(Proxy proxy) throws Exception {
        SSLContext context = SSLContext.getInstance("TLS");
        context.init(null, new TrustManager[] {new Anyone()}, null);
        try (SSLSocket socket = (SSLSocket) context.getSocketFactory()
                .createSocket("127.0.0.1", proxy.address().getPort())) {
            socket.startHandshake();
            return socket.getSession().getPeerPrincipal().getName();
        }
    }

    private static final class Anyone implements X509TrustManager {
        @Override
        public void checkClientTrusted(X509Certificate @Nullable [] chain, @Nullable String type)
                throws CertificateException {
            throw new CertificateException("not a server");
        }

        @Override
        public void checkServerTrusted(X509Certificate @Nullable [] chain, @Nullable String type) {}

        @Override
        public X509Certificate[] getAcceptedIssuers() {
            return new X509Certificate[0];
        }
    }

    @Test
    void oneThatIsRefusedChangesNothing() throws Exception {
        certificate("first");
        try (Origin one = Origin.answering("one");
                Origin two = Origin.answering("two")) {
            String section = """
                  listeners:
                    public: { bind: 127.0.0.1:0, tls: { cert: cert.pem, key: key.pem } }
                    plain: { bind: 127.0.0.1:0 }
                  routes: { all: { pool: web } }
                  pools:
                    web: { servers: { a: "%s" } }
                """;
            try (Proxy proxy = Proxy.start(folder, section.formatted(one.at()))) {
                assertThat(shown(proxy)).isEqualTo("CN=first");
                certificate("second");
                assertThatThrownBy(() -> proxy.reload(section.formatted(two.at()) + """
                        fresh: { servers: { a: 127.0.0.1:1 }, tls: { ca: cert.pem } }
                        worse: { servers: { a: 127.0.0.1:1 }, tls: { ca: key.pem } }
                    """))
                        .hasStackTraceContaining("lb-proxy.pools.worse.tls");
                assertThat(shown(proxy)).isEqualTo("CN=first");
                assertThat(Http.get(proxy.address("plain"), "/").body()).isEqualTo("one");
                assertThat(proxy.admin("/pools")).contains(one.at()).doesNotContain(two.at(), "fresh");
                proxy.reload(section.formatted(two.at()));
                assertThat(shown(proxy)).isEqualTo("CN=second");
                Proxy.await("the other server", () -> {
                    try {
                        return Http.get(proxy.address("plain"), "/").body().equals("two");
                    } catch (java.io.IOException e) {
                        throw new java.io.UncheckedIOException(e);
                    }
                });
            }
        }
    }

    @Test
    void metricsOfRoutesAndPoolsThatAreGoneGoToo() throws Exception {
        try (Origin origin = Origin.answering("x");
                Proxy proxy = Proxy.start(folder, """
                      routes: { all: { pool: web }, gone: { path: /gone, pool: away } }
                      pools: { web: { servers: { a: "%1$s" } }, away: { servers: { a: "%1$s" } } }
                    """.formatted(origin.at()))) {
            assertThat(Http.get(proxy.address(), "/gone").body()).isEqualTo("x");
            assertThat(Http.get(proxy.address(), "/").body()).isEqualTo("x");
            assertThat(proxy.metrics()).contains("route=\"gone\"", "pool=\"away\"");
            proxy.reload(Proxy.section("", origin));
            assertThat(proxy.metrics())
                    .doesNotContain("route=\"gone\"", "pool=\"away\"")
                    .contains("lb_proxy_requests_total{route=\"all\",status=\"2xx\"} 1.0");
        }
    }
}
