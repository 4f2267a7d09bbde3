package io.plinth.kvcache.client;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Objects;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** What one memcached client may take. */
@Timeout(60)
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class MemcachedLimitsIT {
    private final Cluster node;
    private final InetSocketAddress address;

    MemcachedLimitsIT(@TempDir Path folder) throws Exception {
        Path secret = Files.writeString(folder.resolve("secret"), "secret");
        node = Cluster.start(
                folder,
                "memory: 64MiB, eviction: noeviction, memcached-port: 0, password: { file: \"" + secret
                        + "\" }, limits: { max-item: 48KiB, output-buffer: 64KiB }",
                1);
        address = Objects.requireNonNull(node.node(0).listening().get("memcached"));
    }

    @AfterAll
    void stop() {
        node.close();
    }

    private Socket connect() throws IOException {
        Socket socket = new Socket(address.getAddress(), address.getPort());
        socket.setSoTimeout(20_000);
        return socket;
    }

    private static void send(Socket socket, String text) throws IOException {
        socket.getOutputStream().write(text.getBytes(ISO_8859_1));
    }

    private static String line(Socket socket) throws IOException {
        StringBuilder line = new StringBuilder();
        for (int next = socket.getInputStream().read();
                next >= 0 && next != '\n';
                next = socket.getInputStream().read()) {
            line.append((char) next);
        }
        return line.toString();
    }

    private static void authenticate(Socket socket) throws IOException {
        send(socket, "set auth 0 0 14\r\ndefault secret\r\n");
        assertThat(line(socket)).isEqualTo("STORED\r");
    }

    /** Who follows nobody may be told to follow nobody, as tools do. */
    @Test
    void nobodyIsFollowedBesideItsPortWhereNobodyWas() throws Exception {
        try (RawClient client = new RawClient(node.port(0))) {
            client.call("AUTH", "secret");
            assertThat(client.call("REPLICAOF", "NO", "ONE")).isEqualTo("+OK\r\n");
            assertThat(client.call("SET", "k", "v")).isEqualTo("+OK\r\n");
        }
    }

    @Test
    void aLineOfKeysHasAnEnd() throws Exception {
        try (Socket client = connect()) {
            authenticate(client);
            send(client, "get " + "k ".repeat((1 << 19) - 2) + "k");
            send(client, "k");
            assertThat(line(client)).isEqualTo("CLIENT_ERROR line too long\r");
            assertThat(client.getInputStream().read()).isNegative();
        }
    }

    @Test
    void aReplyOverTheOutputBufferEndsTheConnectionAndNoOther() throws Exception {
        try (Socket greedy = connect();
                Socket other = connect()) {
            authenticate(greedy);
            authenticate(other);
            send(greedy, "set big 0 0 40000\r\n" + "x".repeat(40_000) + "\r\n");
            assertThat(line(greedy)).isEqualTo("STORED\r");
            send(greedy, "get" + " big".repeat(1_000) + "\r\n");
            assertThat(greedy.getInputStream().readAllBytes()).isEmpty();
            send(other, "get big\r\n");
            assertThat(line(other)).isEqualTo("VALUE big 0 40000\r");
        }
    }

    @Test
    void whoHasNotShownAPasswordCannotHaveLargeValuesKept() throws Exception {
        try (Socket socket = connect()) {
            // Refused before any of the value has come.
            send(socket, "set auth 0 0 20000\r\n");
            assertThat(line(socket)).isEqualTo("SERVER_ERROR object too large for cache\r");
            send(socket, "x".repeat(20_000) + "\r\n");
            authenticate(socket);
        }
    }

    @Test
    void metaCommandsMakeNoKeysWhereThereIsNoRoom() throws Exception {
        try (Socket socket = connect();
                RawClient redis = new RawClient(node.port(0))) {
            authenticate(socket);
            redis.call("AUTH", "secret");
            send(socket, "set here 0 0 1\r\n1\r\n");
            assertThat(line(socket)).isEqualTo("STORED\r");
            redis.call("CONFIG", "SET", "maxmemory", "1");
            try {
                send(socket, "mg made N30\r\nma made N60 J1\r\nmg made\r\nma here N60 v\r\n");
                assertThat(line(socket)).isEqualTo("SERVER_ERROR out of memory storing object\r");
                assertThat(line(socket)).isEqualTo("SERVER_ERROR out of memory storing object\r");
                assertThat(line(socket)).isEqualTo("EN\r");
                assertThat(line(socket)).isEqualTo("VA 1\r");
            } finally {
                redis.call("CONFIG", "SET", "maxmemory", "64mb");
            }
        }
    }
}
