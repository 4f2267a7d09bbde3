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
import java.util.regex.Matcher;
import java.util.regex.Pattern;
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
@Timeout(120)
class ReloadIT {
    private static final Pattern COST = Pattern.compile("slow: available, weight 1, 0 under way, cost ([0-9.E]+)");

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

    private static String explained(Proxy proxy) {
        try {
            return proxy.admin("/explain?url=http://a/&loop=0");
        } catch (Exception e) {
            throw new IllegalStateException(e);
        }
    }

    /** A pool that did not change keeps what it learned of its servers. */
    @Test
    void healthAndLatenciesOutliveOneThatChangesOtherThings() throws Exception {
        try (Origin slow = Origin.answering("slow");
                Origin dead = Origin.answering("dead")) {
            dead.kill();
            String section = """
                  routes: { all: { pool: web } }
                  pools:
                    web: { servers: { slow: "%s", dead: "%s" }, health: { interval: 1h, fall: 1 } }
                """.formatted(slow.at(), dead.at());
            try (Proxy proxy = Proxy.start(folder, section, 1)) {
                Proxy.await("the check", () -> explained(proxy).contains("dead: unhealthy by its checks"));
                try (Http http = proxy.connect()) {
                    assertThat(http.get("/").status()).isEqualTo(200);
                    Matcher before = COST.matcher(explained(proxy));
                    assertThat(before.find()).isTrue();
                    assertThat(Double.parseDouble(before.group(1))).isPositive();
                    proxy.reload(section + "  limits: { headers: 90 }\n");
                    String after = explained(proxy);
                    assertThat(after).contains("dead: unhealthy by its checks");
                    Matcher cost = COST.matcher(after);
                    assertThat(cost.find()).isTrue();
                    assertThat(Double.parseDouble(cost.group(1)))
                            .isPositive()
                            .isLessThanOrEqualTo(Double.parseDouble(before.group(1)));
                    assertThat(http.get("/").status()).isEqualTo(200);
                    assertThat(slow.heads).hasSize(2);
                }
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
