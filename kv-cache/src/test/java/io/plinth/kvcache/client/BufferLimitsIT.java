package io.plinth.kvcache.client;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.plinth.testkit.RequiresPeer;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** {@code client-output-buffer-limit}: who does not take what waits is cut off, and nobody else, by Debian's redis-server and by a node. */
@Timeout(120)
@RequiresPeer("redis-server")
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class BufferLimitsIT {
    private static final String MESSAGE = "m".repeat(100_000);
    /** More than the machine keeps for a connection. */
    private static final int MESSAGES = 200;

    private final Cluster node;
    private final RedisPeer peer;

    BufferLimitsIT(@TempDir Path folder) throws Exception {
        node = Cluster.start(folder, "memory: 64MiB", 1);
        peer = RedisPeer.start(folder);
    }

    @AfterAll
    void stop() throws Exception {
        node.close();
        peer.close();
    }

    private List<Integer> both() {
        return List.of(peer.port(), node.port(0));
    }

    /** One for which the machine keeps little. */
    private static RawClient slow(int port) throws IOException {
        Socket socket = new Socket();
        socket.setReceiveBufferSize(4_096);
        socket.connect(new InetSocketAddress("127.0.0.1", port));
        return new RawClient(socket);
    }

    private static void limit(RawClient client, String limit) throws IOException {
        assertThat(client.call("CONFIG", "SET", "client-output-buffer-limit", limit))
                .isEqualTo("+OK\r\n");
        assertThat(client.call("CONFIG", "GET", "client-output-buffer-limit")).contains(limit);
    }

    private static String number(RawClient client) throws IOException {
        return client.call("CLIENT", "ID").substring(1).strip();
    }

    private static boolean connected(RawClient by, String number) throws IOException {
        return by.call("CLIENT", "LIST", "ID", number).contains("id=" + number + " ");
    }

    /** Sends messages, each when one that listens has read the one before. */
    private static void publish(RawClient by, String channel, RawClient reader) throws IOException {
        for (int i = 0; i < MESSAGES; i++) {
            by.call("PUBLISH", channel, MESSAGE);
            assertThat(reader.reply()).as("message %d", i).endsWith(MESSAGE + "\r\n");
        }
    }

    @Test
    void aListenerOverTheHardLimitIsCutAndNoOther() throws Exception {
        for (int port : both()) {
            try (RawClient publisher = new RawClient(port);
                    RawClient reader = new RawClient(port);
                    RawClient slow = slow(port);
                    RawClient elsewhere = slow(port)) {
                limit(publisher, "pubsub 1048576 0 0");
                String slowId = number(slow);
                String elsewhereId = number(elsewhere);
                for (RawClient each : List.of(reader, slow)) {
                    each.call("SUBSCRIBE", "c");
                }
                elsewhere.call("SUBSCRIBE", "d");
                publish(publisher, "c", reader);
                Await.until("the slow one is cut", () -> !connected(publisher, slowId));
                assertThat(connected(publisher, elsewhereId)).isTrue();
                assertThatThrownBy(() -> {
                            for (int i = 0; i < MESSAGES; i++) {
                                slow.reply();
                            }
                        })
                        .as("port %d", port)
                        .isInstanceOf(IOException.class);
                limit(publisher, "pubsub 33554432 8388608 60");
            }
        }
    }

    @Test
    void aListenerThatStaysOverTheSoftLimitIsCutAndNotOneThatCatchesUp() throws Exception {
        for (int port : both()) {
            try (RawClient publisher = new RawClient(port);
                    RawClient reader = new RawClient(port);
                    RawClient slow = slow(port);
                    RawClient late = slow(port)) {
                limit(publisher, "pubsub 0 1048576 10");
                String slowId = number(slow);
                String lateId = number(late);
                for (RawClient each : List.of(reader, slow, late)) {
                    each.call("SUBSCRIBE", "c");
                }
                publish(publisher, "c", reader);
                for (int i = 0; i < MESSAGES; i++) {
                    assertThat(late.reply()).endsWith(MESSAGE + "\r\n");
                }
                Await.until("the slow one is cut", () -> !connected(publisher, slowId));
                assertThat(connected(publisher, lateId)).as("port %d", port).isTrue();
                limit(publisher, "pubsub 33554432 8388608 60");
            }
        }
    }

    @Test
    void aReplyOverTheHardLimitCutsWhoAskedForIt() throws Exception {
        for (int port : both()) {
            try (RawClient admin = new RawClient(port);
                    RawClient one = new RawClient(port);
                    RawClient two = new RawClient(port);
                    RawClient listener = new RawClient(port)) {
                admin.call("SET", "large", "v".repeat(300_000));
                admin.call("SET", "small", "v".repeat(3_000));
                listener.call("HELLO", "3");
                listener.call("SUBSCRIBE", "c");
                limit(admin, "normal 204800 0 0");
                one.send(RawClient.request(List.of("GET", "large")));
                assertThatThrownBy(one::reply).as("port %d", port).isInstanceOf(IOException.class);
                assertThat(two.call("GET", "small")).startsWith("$3000\r\n");
                assertThat(listener.call("GET", "large")).as("another class").startsWith("$300000\r\n");
                limit(admin, "normal 0 0 0");
                assertThat(two.call("GET", "large")).startsWith("$300000\r\n");
            }
        }
    }

    @Test
    void whoIsCutIsCounted() throws Exception {
        try (RawClient admin = new RawClient(node.port(0));
                RawClient one = new RawClient(node.port(0))) {
            admin.call("CONFIG", "RESETSTAT");
            admin.call("SET", "large", "v".repeat(300_000));
            limit(admin, "normal 100000 0 0");
            one.send(RawClient.request(List.of("GET", "large")));
            assertThatThrownBy(one::reply).isInstanceOf(IOException.class);
            assertThat(admin.call("INFO", "stats")).contains("client_output_buffer_limit_disconnections:1\r\n");
            limit(admin, "normal 0 0 0");
        }
    }
}
