package io.plinth.kvcache.client;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.plinth.testkit.RequiresPeer;
import java.io.IOException;
import java.io.InputStream;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.security.KeyStore;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import javax.net.ssl.KeyManager;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLSocket;
import javax.net.ssl.TrustManagerFactory;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import redis.clients.jedis.DefaultJedisClientConfig;
import redis.clients.jedis.HostAndPort;
import redis.clients.jedis.Jedis;
import redis.clients.jedis.Pipeline;

/** Clients that come in over TLS, with certificates of their own; those of the test are good for a hundred years. */
@Timeout(120)
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class TlsIT {
    private static final char[] PASSWORD = "secret".toCharArray();

    private final Path folder;
    private final SSLContext known;
    private final SSLContext unknown;
    private final Cluster node;
    private final int port;

    TlsIT(@TempDir Path folder) throws Exception {
        this.folder = folder;
        for (String name : List.of("ca.pem", "client.pem", "client-key.pem", "client.p12")) {
            Files.copy(resource(name), folder.resolve(name));
        }
        identity("first");
        known = shows();
        unknown = context(null);
        node = Cluster.start(
                folder,
                "memory: 64MiB, limits: { pubsub-buffer: 64KiB },"
                        + " tls: { port: 0, memcached-port: 0, cert: cert.pem, key: key.pem, client-ca: ca.pem }",
                1);
        port = port("redis-tls");
    }

    @AfterAll
    void stop() {
        node.close();
    }

    @BeforeEach
    void empty() throws Exception {
        try (RawClient plain = new RawClient(node.port(0))) {
            plain.call("FLUSHALL");
        }
    }

    private int port(String listener) {
        return Objects.requireNonNull(node.node(0).listening().get(listener)).getPort();
    }

    private static Path resource(String name) throws Exception {
        return Path.of(
                Objects.requireNonNull(TlsIT.class.getResource("/tls/" + name)).toURI());
    }

    /** Has the node's certificate be this one, when it is next read. */
    private void identity(String name) throws Exception {
        Files.copy(resource(name + ".pem"), folder.resolve("cert.pem"), StandardCopyOption.REPLACE_EXISTING);
        Files.copy(resource(name + "-key.pem"), folder.resolve("key.pem"), StandardCopyOption.REPLACE_EXISTING);
    }

    /** What shows the client's certificate. */
    private SSLContext shows() throws Exception {
        KeyStore keys = KeyStore.getInstance("PKCS12");
        try (InputStream in = Files.newInputStream(folder.resolve("client.p12"))) {
            keys.load(in, PASSWORD);
        }
        KeyManagerFactory shown = KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm());
        shown.init(keys, PASSWORD);
        return context(shown.getKeyManagers());
    }

    private SSLContext context(KeyManager @Nullable [] shown) throws Exception {
        KeyStore authorities = KeyStore.getInstance("PKCS12");
        authorities.load(null, null);
        try (InputStream in = Files.newInputStream(folder.resolve("ca.pem"))) {
            authorities.setCertificateEntry(
                    "ca", CertificateFactory.getInstance("X.509").generateCertificate(in));
        }
        TrustManagerFactory trusted = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
        trusted.init(authorities);
        SSLContext context = SSLContext.getInstance("TLS");
        context.init(shown, trusted.getTrustManagers(), null);
        return context;
    }

    private static SSLSocket socket(int to, SSLContext by) throws Exception {
        SSLSocket socket = (SSLSocket) by.getSocketFactory().createSocket("127.0.0.1", to);
        socket.setSoTimeout(20_000);
        return socket;
    }

    private RawClient raw() throws Exception {
        return new RawClient(socket(port, known));
    }

    @SuppressWarnings("deprecation")
    private Jedis jedis() {
        return new Jedis(
                new HostAndPort("127.0.0.1", port),
                DefaultJedisClientConfig.builder()
                        .autoNegotiateProtocol(false)
                        .ssl(true)
                        .sslSocketFactory(known.getSocketFactory())
                        .timeoutMillis(20_000)
                        .build());
    }

    @Test
    void jedisReadsAndWritesPipelinedAndLong() throws Exception {
        try (Jedis jedis = jedis()) {
            String value = "v".repeat(5 << 20);
            assertThat(jedis.set("long", value)).isEqualTo("OK");
            assertThat(jedis.get("long")).isEqualTo(value);
            Pipeline pipeline = jedis.pipelined();
            for (int i = 0; i < 5_000; i++) {
                pipeline.incr("counter");
            }
            List<Object> replies = pipeline.syncAndReturnAll();
            assertThat(replies).hasSize(5_000).endsWith(5_000L);
            assertThat(jedis.configGet("tls-auth-clients")).containsEntry("tls-auth-clients", "yes");
            assertThat(jedis.clientList()).contains("cmd=client|list ", "resp=2");
        }
    }

    @Test
    @RequiresPeer("redis-cli")
    void redisCliComesInWithACertificate() throws Exception {
        StringBuilder commands = new StringBuilder();
        for (int i = 0; i < 2_000; i++) {
            commands.append(RawClient.request(List.of("SET", "k" + i, "v" + i)));
        }
        assertThat(cli(commands.toString(), "--pipe")).contains("errors: 0, replies: 2000");
        assertThat(cli("", "--scan", "--pattern", "k1*").lines()).hasSize(1_111);
    }

    private String cli(String input, String option, String... more) throws Exception {
        Path in = Files.writeString(folder.resolve("in"), input, ISO_8859_1);
        Path out = folder.resolve("out");
        ProcessBuilder builder = new ProcessBuilder(
                        "redis-cli",
                        "-p",
                        Integer.toString(port),
                        "--tls",
                        "--cacert",
                        "ca.pem",
                        "--cert",
                        "client.pem",
                        "--key",
                        "client-key.pem",
                        option)
                .directory(folder.toFile())
                .redirectInput(in.toFile())
                .redirectErrorStream(true)
                .redirectOutput(out.toFile());
        builder.command().addAll(List.of(more));
        Process process = builder.start();
        boolean ended = process.waitFor(90, TimeUnit.SECONDS);
        process.destroy();
        String text = Files.readString(out);
        assertThat(ended).as(text).isTrue();
        return text;
    }

    @Test
    void whoShowsNoCertificateOrSpeaksNoTlsIsTurnedAway() throws Exception {
        try (SSLSocket socket = socket(port, unknown)) {
            assertThatThrownBy(() -> {
                        socket.getOutputStream().write("PING\r\n".getBytes(ISO_8859_1));
                        if (socket.getInputStream().read() < 0) {
                            throw new IOException("closed");
                        }
                    })
                    .isInstanceOf(IOException.class);
        }
        try (Socket socket = new Socket("127.0.0.1", port)) {
            socket.setSoTimeout(20_000);
            socket.getOutputStream().write("PING\r\nPING\r\n".getBytes(ISO_8859_1));
            // An alert at most, in bytes of TLS.
            assertThat(new String(socket.getInputStream().readAllBytes(), ISO_8859_1))
                    .doesNotContain("PONG");
        } catch (IOException reset) {
            assertThat(reset).hasMessageContaining("reset");
        }
    }

    @Test
    void whoSendsNoMoreIsAnsweredFirst() throws Exception {
        for (int i = 0; i < 20; i++) {
            SSLSocket socket = socket(port, known);
            try (RawClient raw = new RawClient(socket)) {
                raw.send("SET k 1\r\nINCR k\r\nGET k\r\n");
                socket.shutdownOutput();
                assertThat(raw.rest()).isEqualTo("+OK\r\n:2\r\n$1\r\n2\r\n");
            }
        }
        SSLSocket waits = socket(port, known);
        try (RawClient raw = new RawClient(waits)) {
            raw.send("PING\r\nBLPOP nothing 0\r\n");
            waits.shutdownOutput();
            assertThat(raw.rest()).isEqualTo("+PONG\r\n");
        }
    }

    @Test
    void messagesAndInvalidationsAndLateRepliesCome() throws Exception {
        try (RawClient one = raw();
                RawClient other = raw();
                RawClient plain = new RawClient(node.port(0))) {
            one.call("HELLO", "3");
            assertThat(one.call("CLIENT", "TRACKING", "ON")).isEqualTo("+OK\r\n");
            assertThat(one.call("GET", "k")).isEqualTo("_\r\n");
            assertThat(other.call("SET", "k", "1")).isEqualTo("+OK\r\n");
            assertThat(one.reply()).isEqualTo(">2\r\n$10\r\ninvalidate\r\n*1\r\n$1\r\nk\r\n");
            assertThat(one.call("SUBSCRIBE", "c")).isEqualTo(">3\r\n$9\r\nsubscribe\r\n$1\r\nc\r\n:1\r\n");
            assertThat(plain.call("PUBLISH", "c", "m")).isEqualTo(":1\r\n");
            assertThat(one.reply()).isEqualTo(">3\r\n$7\r\nmessage\r\n$1\r\nc\r\n$1\r\nm\r\n");
            other.send("BLPOP list 0\r\nPING\r\n");
            Await.until(
                    "a client that waits", () -> plain.call("CLIENT", "LIST").contains("cmd=blpop"));
            plain.call("RPUSH", "list", "x");
            assertThat(other.reply() + other.reply()).isEqualTo("*2\r\n$4\r\nlist\r\n$1\r\nx\r\n+PONG\r\n");
        }
    }

    @Test
    void aClientIsKilledAndOneThatReadsNothingIsCut() throws Exception {
        try (RawClient one = raw();
                RawClient slow = raw();
                RawClient plain = new RawClient(node.port(0))) {
            String id = one.call("CLIENT", "ID").trim().substring(1);
            assertThat(plain.call("CLIENT", "KILL", "ID", id)).isEqualTo(":1\r\n");
            assertThat(one.rest()).isEmpty();
            slow.call("SUBSCRIBE", "c");
            String message = "m".repeat(60_000);
            Await.until(
                    "a client is cut", () -> plain.call("PUBLISH", "c", message).equals(":0\r\n"));
            assertThat(plain.call("PING")).isEqualTo("+PONG\r\n");
        }
    }

    @Test
    void memcachedIsSpokenOverTls() throws Exception {
        try (RawClient raw = new RawClient(socket(port("memcached-tls"), known))) {
            raw.send("set a 5 0 1\r\nx\r\nget a\r\nquit\r\n");
            assertThat(raw.rest()).isEqualTo("STORED\r\nVALUE a 5 1\r\nx\r\nEND\r\n");
        }
        SSLSocket ends = socket(port("memcached-tls"), known);
        try (RawClient raw = new RawClient(ends)) {
            raw.send("get a\r\n");
            ends.shutdownOutput();
            assertThat(raw.rest()).isEqualTo("VALUE a 5 1\r\nx\r\nEND\r\n");
        }
        try (RawClient raw = raw()) {
            assertThat(raw.call("GET", "a")).isEqualTo("$1\r\nx\r\n");
        }
    }

    @Test
    void certificatesAreReadAgainOnReload() throws Exception {
        try (RawClient before = raw()) {
            assertThat(before.call("PING")).isEqualTo("+PONG\r\n");
            identity("second");
            node.node(0).reload(node.file(1)).join();
            assertThat(before.call("PING")).isEqualTo("+PONG\r\n");
            // Another context, which resumes no session of before.
            try (SSLSocket socket = socket(port, shows())) {
                socket.startHandshake();
                X509Certificate shown = (X509Certificate) socket.getSession().getPeerCertificates()[0];
                assertThat(shown.getSubjectX500Principal().getName()).isEqualTo("CN=second");
            }
            Files.writeString(folder.resolve("key.pem"), "no key");
            assertThatThrownBy(() -> node.node(0).reload(node.file(1)).join()).hasMessageContaining("key.pem");
            try (Jedis jedis = jedis()) {
                assertThat(jedis.ping()).isEqualTo("PONG");
            }
        }
    }
}
