package io.plinth.lbproxy;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.pkitesting.CertificateBuilder;
import io.netty.pkitesting.X509Bundle;
import io.plinth.testkit.LeakCheck;
import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLServerSocket;
import javax.net.ssl.SSLSocket;
import javax.net.ssl.TrustManagerFactory;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

/** What becomes of requests to a pool with TLS that a reload replaces or takes away while they have no connection yet. */
@ExtendWith(LeakCheck.class)
@Timeout(120)
class RetiredPoolIT {
    @TempDir
    Path folder;

    private final CountDownLatch go = new CountDownLatch(1);
    private final CountDownLatch waits = new CountDownLatch(1);
    private final ExecutorService clients = Executors.newVirtualThreadPerTaskExecutor();
    private X509Bundle authority;
    private SSLServerSocket server;

    @BeforeEach
    void start() throws Exception {
        authority = new CertificateBuilder()
                .subject("CN=authority")
                .setIsCertificateAuthority(true)
                .buildSelfSigned();
        Files.writeString(folder.resolve("ca.pem"), authority.getCertificatePathPEM());
        own("first");
        TrustManagerFactory trust = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
        trust.init(authority.toKeyStore("x".toCharArray()));
        SSLContext context = SSLContext.getInstance("TLS");
        context.init(named("origin").toKeyManagerFactory().getKeyManagers(), trust.getTrustManagers(), null);
        server = (SSLServerSocket)
                context.getServerSocketFactory().createServerSocket(0, 1, InetAddress.getLoopbackAddress());
        server.setNeedClientAuth(true);
    }

    @AfterEach
    void stop() throws IOException {
        go.countDown();
        server.close();
        clients.shutdownNow();
    }

    private X509Bundle named(String name) throws Exception {
        return new CertificateBuilder()
                .subject("CN=" + name)
                .addSanDnsName(name + ".example")
                .buildIssuedBy(authority);
    }

    /** What the proxy shows to the server. */
    private void own(String name) throws Exception {
        X509Bundle bundle = named(name);
        Files.writeString(folder.resolve("own.pem"), bundle.getCertificatePathPEM());
        Files.writeString(folder.resolve("own.key"), bundle.getPrivateKeyPEM());
    }

    private String section(String web) {
        return """
              routes: { all: { pool: web }, slow: { path: /slow, pool: web } }
              pools:
                web:
                  servers: { a: "127.0.0.1:%d" }
                  max-per-server: 1
                  tls: { ca: ca.pem, name: origin.example, cert: own.pem, key: own.key }
              timeouts: { connect: 20s, queue: 20s }
            """.formatted(server.getLocalPort()).replace("web", web);
    }

    /** Says whose certificate it was shown; to /slow once it may. */
    private void serve() {
        Thread.ofVirtual().start(() -> {
            while (!server.isClosed()) {
                try {
                    SSLSocket socket = (SSLSocket) server.accept();
                    Thread.ofVirtual().start(() -> serve(socket));
                } catch (IOException closed) {
                    return;
                }
            }
        });
    }

    private void serve(SSLSocket socket) {
        try (socket) {
            String head;
            while ((head = Http.readHead(socket.getInputStream())) != null) {
                if (head.startsWith("GET /slow")) {
                    waits.countDown();
                    go.await();
                }
                String name = socket.getSession().getPeerPrincipal().getName();
                socket.getOutputStream()
                        .write(("HTTP/1.1 200 OK\r\nContent-Length: " + name.length() + "\r\n\r\n" + name)
                                .getBytes(StandardCharsets.US_ASCII));
            }
        } catch (IOException gone) {
            // The proxy went first.
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private Future<Http.Response> get(Proxy proxy, String path) {
        return clients.submit(() -> Http.get(proxy.address(), path));
    }

    private static void awaitQueued(Proxy proxy) throws InterruptedException {
        Proxy.await("the other in the queue", () -> {
            try {
                return proxy.metrics().contains("lb_proxy_waiting_requests{pool=\"web\"} 1.0");
            } catch (Exception e) {
                throw new IllegalStateException(e);
            }
        });
    }

    @Test
    void whoWaitsForAConnectionGoesToThePoolThatTookItsPlace() throws Exception {
        serve();
        try (Proxy proxy = Proxy.start(folder, section("web"))) {
            Future<Http.Response> slow = get(proxy, "/slow");
            waits.await();
            Future<Http.Response> queued = get(proxy, "/");
            awaitQueued(proxy);
            own("renewed");
            proxy.reload(section("web"));
            assertThat(queued.get().body()).isEqualTo("CN=renewed");
            go.countDown();
            assertThat(slow.get().body()).isEqualTo("CN=first");
        }
    }

    @Test
    void whoWaitsAtAPoolThatIsTakenAwayIsStillServedWithItsCertificate() throws Exception {
        serve();
        try (Proxy proxy = Proxy.start(folder, section("web"))) {
            Future<Http.Response> slow = get(proxy, "/slow");
            waits.await();
            Future<Http.Response> queued = get(proxy, "/");
            awaitQueued(proxy);
            own("renewed");
            proxy.reload(section("other"));
            go.countDown();
            assertThat(slow.get().body()).isEqualTo("CN=first");
            assertThat(queued.get().body()).isEqualTo("CN=first");
            assertThat(Http.get(proxy.address(), "/").body()).isEqualTo("CN=renewed");
        }
    }

    /** Linux leaves a SYN unanswered while the listener's queue is full, so that the connect lasts until it is sent again. */
    @Test
    void aConnectUnderWayEndsAsItBegan() throws Exception {
        List<Socket> full = new ArrayList<>();
        try (Proxy proxy = Proxy.start(folder, section("web"))) {
            for (int i = 0; i < 2; i++) {
                full.add(new Socket(server.getInetAddress(), server.getLocalPort()));
            }
            Future<Http.Response> connecting = get(proxy, "/");
            Proxy.await("the connect", () -> {
                try {
                    return proxy.metrics().contains("lb_proxy_upstream_connections{pool=\"web\"} 1.0");
                } catch (Exception e) {
                    throw new IllegalStateException(e);
                }
            });
            own("renewed");
            proxy.reload(section("web"));
            for (Socket socket : full) {
                socket.close();
            }
            serve();
            assertThat(connecting.get().body()).isEqualTo("CN=first");
            assertThat(Http.get(proxy.address(), "/").body()).isEqualTo("CN=renewed");
        }
    }
}
