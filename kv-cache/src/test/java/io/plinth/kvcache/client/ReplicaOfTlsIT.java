package io.plinth.kvcache.client;

import static org.assertj.core.api.Assertions.assertThat;

import io.plinth.testkit.FreePort;
import io.plinth.testkit.RequiresPeer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.Objects;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A Redis that takes replicas over TLS alone, with certificates, a user and a password. */
@Timeout(60)
@RequiresPeer("redis-server")
class ReplicaOfTlsIT {
    private static final String KNOWN = "primary-tls: { ca: first.pem, cert: client.pem, key: client-key.pem }";

    @TempDir
    Path folder;

    private int port;
    private RedisPeer peer;

    @BeforeEach
    void start() throws Exception {
        for (String name :
                List.of("ca.pem", "client.pem", "client-key.pem", "first.pem", "first-key.pem", "second.pem")) {
            Files.copy(
                    Path.of(Objects.requireNonNull(ReplicaOfTlsIT.class.getResource("/tls/" + name))
                            .toURI()),
                    folder.resolve(name));
        }
        Path secret = Files.writeString(folder.resolve("secret"), "pässword");
        Files.setPosixFilePermissions(secret, PosixFilePermissions.fromString("rw-------"));
        port = FreePort.find();
        peer = RedisPeer.start(
                Files.createDirectory(folder.resolve("redis")),
                "--tls-port",
                "" + port,
                "--tls-cert-file",
                folder.resolve("first.pem").toString(),
                "--tls-key-file",
                folder.resolve("first-key.pem").toString(),
                "--tls-ca-cert-file",
                folder.resolve("ca.pem").toString(),
                "--tls-auth-clients",
                "yes");
    }

    @AfterEach
    void stop() throws Exception {
        peer.close();
    }

    private Cluster node(String more) throws Exception {
        return Cluster.start(folder, "memory: 64MiB" + (more.isEmpty() ? "" : ", " + more), 1);
    }

    private static boolean up(RawClient ours) throws Exception {
        return ours.call("INFO", "replication").contains("master_link_status:up");
    }

    @Test
    void movesInLive() throws Exception {
        String login = "primary-user: mover, primary-password: { file: " + folder.resolve("secret") + " }, ";
        try (Cluster node = node(login + KNOWN);
                RawClient redis = new RawClient(peer.port());
                RawClient ours = new RawClient(node.port(0))) {
            assertThat(redis.call(
                            "ACL", "SETUSER", "mover", "on", ">p\u00c3\u00a4ssword", "+psync", "+replconf", "+ping"))
                    .isEqualTo("+OK\r\n");
            redis.call("CONFIG", "SET", "requirepass", "other");
            redis.call("AUTH", "other");
            String large = "x".repeat(200_000);
            for (int i = 0; i < 200; i++) {
                redis.call("SET", "k" + i, i % 20 == 0 ? large : "v");
            }
            assertThat(ours.call("CONFIG", "GET", "tls-replication")).contains("yes");
            assertThat(ours.call("CONFIG", "GET", "master*")).contains("***", "mover");
            assertThat(ours.call("REPLICAOF", "127.0.0.1", "" + port)).isEqualTo("+OK\r\n");
            Await.until("the link is up", () -> up(ours));
            assertThat(ours.call("DBSIZE")).isEqualTo(":200\r\n");
            for (int i = 0; i < 300; i++) {
                redis.call("SET", "k" + i, i % 10 == 0 ? large : "w");
            }
            String end = redis.call("INCR", "end");
            Await.until("all is here", () -> ours.call("GET", "end").endsWith("\r\n" + end.substring(1)));
            assertThat(ours.call("STRLEN", "k290")).isEqualTo(":200000\r\n");
            assertThat(redis.call("WAIT", "1", "5000")).isEqualTo(":1\r\n");
            // A link that is cut is made again.
            assertThat(redis.call("CLIENT", "KILL", "TYPE", "replica")).isEqualTo(":1\r\n");
            redis.call("SET", "again", "1");
            Await.until("it is here again", () -> ours.call("GET", "again").equals("$1\r\n1\r\n"));
            assertThat(ours.call("REPLICAOF", "NO", "ONE")).isEqualTo("+OK\r\n");
            assertThat(ours.call("SET", "k0", "own")).isEqualTo("+OK\r\n");
        }
    }

    @Test
    void aNameOfItsCertificateMayBeGiven() throws Exception {
        try (Cluster node = node(KNOWN.replace(" }", ", server-name: localhost }"));
                RawClient ours = new RawClient(node.port(0))) {
            ours.call("REPLICAOF", "127.0.0.1", "" + port);
            Await.until("the link is up", () -> up(ours));
        }
    }

    /** Nothing of the keys is given up for one that is not whom the file names, nor for one that does not want us. */
    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "primary-tls: { ca: first.pem }",
                "primary-tls: { cert: client.pem, key: client-key.pem }",
                "primary-tls: { ca: second.pem, cert: client.pem, key: client-key.pem }",
                "primary-tls: { ca: first.pem, cert: client.pem, key: client-key.pem, server-name: other.example }",
                "primary-tls: { ca: none.pem }"
            })
    void noLinkIsMadeOtherwise(String tls) throws Exception {
        try (Cluster node = node(tls);
                RawClient redis = new RawClient(peer.port());
                RawClient ours = new RawClient(node.port(0))) {
            redis.call("SET", "theirs", "1");
            ours.call("SET", "mine", "1");
            assertThat(ours.call("REPLICAOF", "127.0.0.1", "" + port)).isEqualTo("+OK\r\n");
            // It tries again every second; the listener that is plain is reached by the same node without TLS at once.
            for (int i = 0; i < 30; i++) {
                assertThat(up(ours)).isFalse();
                Thread.sleep(50);
            }
            assertThat(ours.call("GET", "mine")).isEqualTo("$1\r\n1\r\n");
        }
    }

    /** As operators of Redis do it, without a file. */
    @Test
    void whoItIsMayBeSaidByCommand() throws Exception {
        try (Cluster node = node("");
                RawClient redis = new RawClient(peer.port());
                RawClient ours = new RawClient(node.port(0))) {
            redis.call("CONFIG", "SET", "requirepass", "other");
            redis.call("AUTH", "other");
            assertThat(ours.call("REPLICAOF", "127.0.0.1", "" + peer.port())).isEqualTo("+OK\r\n");
            assertThat(up(ours)).isFalse();
            assertThat(ours.call("CONFIG", "SET", "masterauth", "other")).isEqualTo("+OK\r\n");
            Await.until("the link is up", () -> up(ours));
            assertThat(ours.call("CONFIG", "GET", "masterauth")).doesNotContain("other");
        }
    }
}
