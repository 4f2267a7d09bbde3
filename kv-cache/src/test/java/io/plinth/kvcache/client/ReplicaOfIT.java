package io.plinth.kvcache.client;

import static org.assertj.core.api.Assertions.assertThat;

import io.plinth.testkit.RequiresPeer;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** A Redis is followed while it is written to, and left when the node takes its place. */
@Timeout(60)
@RequiresPeer("redis-server")
class ReplicaOfIT {
    private static final List<List<String>> READS = List.of(
            List.of("DBSIZE"),
            List.of("LRANGE", "list", "0", "-1"),
            List.of("SORT_RO", "set", "ALPHA"),
            List.of("ZRANGE", "zset", "0", "-1", "WITHSCORES"),
            List.of("HLEN", "hash"),
            List.of("XRANGE", "stream", "-", "+"),
            List.of("XPENDING", "stream", "g"),
            List.of("PEXPIRETIME", "expires"),
            List.of("GET", "n"),
            List.of("FCALL_RO", "twice", "0", "ab"));

    @TempDir
    Path folder;

    private static void write(RawClient redis, SplittableRandom random, int from, int to) throws IOException {
        for (int i = from; i < to; i++) {
            redis.call("SET", "s" + i, "v".repeat(random.nextInt(100)));
            redis.call("RPUSH", "list", "e" + i);
            redis.call("SADD", "set", "m" + i, "n" + random.nextInt(500));
            redis.call("SPOP", "set");
            redis.call("ZINCRBY", "zset", "1.5", "m" + random.nextInt(50));
            redis.call("HSET", "hash", "f" + i, "v");
            redis.call("XADD", "stream", "*", "f", "" + i);
            redis.call("XREADGROUP", "GROUP", "g", "c", "COUNT", "1", "STREAMS", "stream", ">");
            redis.call("MULTI");
            redis.call("INCR", "n");
            redis.call("LPOP", "list");
            redis.call("EXEC");
            redis.call("EVAL", "redis.call('SET', KEYS[1], redis.call('TIME')[1], 'PX', 1000000)", "1", "expires");
        }
    }

    private static void same(RawClient redis, RawClient ours) throws Exception {
        String end = redis.call("INCR", "end");
        Await.until("the last write is there", () -> ours.call("GET", "end").endsWith("\r\n" + end.substring(1)));
        // It may have come with a file whose other keys are still being read.
        up(ours);
        for (List<String> read : READS) {
            String[] words = read.toArray(String[]::new);
            assertThat(ours.call(words)).as("%s", read).isEqualTo(redis.call(words));
        }
    }

    private static void up(RawClient ours) throws Exception {
        Await.until("the link is up", () -> ours.call("INFO", "replication").contains("master_link_status:up"));
    }

    @Test
    void movesInLive() throws Exception {
        RedisPeer peer = RedisPeer.start(Files.createDirectory(folder.resolve("redis")));
        Path secret = Files.writeString(folder.resolve("secret"), "pw");
        Files.setPosixFilePermissions(secret, java.nio.file.attribute.PosixFilePermissions.fromString("rw-------"));
        try (Cluster node = Cluster.start(folder, "memory: 64MiB, primary-password: { file: " + secret + " }", 1);
                RawClient redis = new RawClient(peer.port());
                RawClient queued = new RawClient(node.port(0));
                RawClient ours = new RawClient(node.port(0))) {
            redis.call("CONFIG", "SET", "requirepass", "pw");
            redis.call("XGROUP", "CREATE", "stream", "g", "$", "MKSTREAM");
            redis.call(
                    "FUNCTION",
                    "LOAD",
                    "#!lua name=lib\nredis.register_function{function_name='twice', callback=function(k, a) return a[1]"
                            + " .. a[1] end, flags={'no-writes'}}");
            SplittableRandom random = new SplittableRandom(9);
            write(redis, random, 0, 300);
            ours.call("SET", "mine", "1");
            queued.call("MULTI");
            queued.call("SET", "mine", "2");
            assertThat(ours.call("REPLICAOF", "127.0.0.1", "" + peer.port())).isEqualTo("+OK\r\n");
            write(redis, random, 300, 400);
            up(ours);
            assertThat(queued.call("EXEC"))
                    .isEqualTo("-EXECABORT Transaction discarded because of: READONLY You can't write against a read"
                            + " only replica.\r\n");
            String dump = redis.call("FUNCTION", "DUMP");
            redis.call("FUNCTION", "FLUSH");
            assertThat(redis.call("FUNCTION", "RESTORE", dump.substring(dump.indexOf('\n') + 1, dump.length() - 2)))
                    .isEqualTo("+OK\r\n");
            write(redis, random, 400, 500);
            same(redis, ours);
            assertThat(ours.call("GET", "mine")).isEqualTo("$-1\r\n");
            assertThat(ours.call("SET", "a", "1"))
                    .isEqualTo("-READONLY You can't write against a read only replica.\r\n");
            assertThat(ours.call("EVAL", "return redis.call('SET', 'a', '1')", "0"))
                    .startsWith("-READONLY ");
            assertThat(ours.call("ROLE")).contains("slave", "connected");
            assertThat(redis.call("WAIT", "1", "5000")).isEqualTo(":1\r\n");
            assertThat(redis.call("CLIENT", "KILL", "TYPE", "replica")).isEqualTo(":1\r\n");
            write(redis, random, 500, 550);
            same(redis, ours);
            assertThat(ours.call("REPLICAOF", "127.0.0.1", "" + peer.port()))
                    .isEqualTo("+OK Already connected to specified master\r\n");
            assertThat(ours.call("REPLICAOF", "NO", "ONE")).isEqualTo("+OK\r\n");
            assertThat(ours.call("INCR", "n")).isEqualTo(":551\r\n");
            assertThat(ours.call("ROLE")).contains("master");
            assertThat(ours.call("REPLICAOF", "127.0.0.1", "port")).isEqualTo("-ERR Invalid master port\r\n");
        } finally {
            peer.close();
        }
    }

    /** memcached's clients read what the primary has, and write nothing, in their words; afterwards they do. */
    @Test
    void memcachedClientsOnlyReadWhileARedisIsFollowed() throws Exception {
        RedisPeer peer = RedisPeer.start(Files.createDirectory(folder.resolve("redis")));
        try (Cluster node = Cluster.start(folder, "memory: 64MiB, memcached-port: 0", 1);
                RawClient redis = new RawClient(peer.port());
                RawClient ours = new RawClient(node.port(0));
                Socket socket = new Socket(
                        "127.0.0.1",
                        java.util.Objects.requireNonNull(
                                        node.node(0).listening().get("memcached"))
                                .getPort())) {
            socket.setSoTimeout(20_000);
            BufferedReader replies =
                    new BufferedReader(new InputStreamReader(socket.getInputStream(), StandardCharsets.ISO_8859_1));
            OutputStream out = socket.getOutputStream();
            redis.call("SET", "n", "7");
            assertThat(ours.call("REPLICAOF", "127.0.0.1", "" + peer.port())).isEqualTo("+OK\r\n");
            up(ours);
            for (String write : List.of(
                    "set n 0 0 1\r\n8",
                    "add m 0 0 1\r\n8",
                    "append n 0 0 1\r\n8",
                    "incr n 1",
                    "delete n",
                    "touch n 100",
                    "gat 100 n",
                    "flush_all",
                    "ms n 1\r\n8",
                    "md n",
                    "ma n",
                    "mg n v T100",
                    "mg m N100")) {
                out.write((write + "\r\n").getBytes(StandardCharsets.ISO_8859_1));
                assertThat(replies.readLine()).as(write).startsWith("SERVER_ERROR this node follows a Redis");
            }
            out.write("get n\r\nmg n v\r\n".getBytes(StandardCharsets.ISO_8859_1));
            for (String line : List.of("VALUE n 0 1", "7", "END", "VA 1", "7")) {
                assertThat(replies.readLine()).isEqualTo(line);
            }
            redis.call("SET", "n", "9");
            Await.until("the write is there", () -> ours.call("GET", "n").equals("$1\r\n9\r\n"));
            assertThat(ours.call("REPLICAOF", "NO", "ONE")).isEqualTo("+OK\r\n");
            out.write("set n 0 0 1\r\n8\r\n".getBytes(StandardCharsets.ISO_8859_1));
            assertThat(replies.readLine()).isEqualTo("STORED");
        } finally {
            peer.close();
        }
    }

    /** A primary whose file stops in its midst, until it is closed. */
    private static void stop(Socket follower) throws IOException {
        BufferedReader in =
                new BufferedReader(new InputStreamReader(follower.getInputStream(), StandardCharsets.ISO_8859_1));
        OutputStream out = follower.getOutputStream();
        for (String line = in.readLine(); line != null; line = in.readLine()) {
            switch (line) {
                case "PING", "REPLCONF" -> out.write("+OK\r\n".getBytes(StandardCharsets.ISO_8859_1));
                case "PSYNC" -> {
                    out.write("+FULLRESYNC 0123456789012345678901234567890123456789 0\r\n$1000\r\nREDIS0011"
                            .getBytes(StandardCharsets.ISO_8859_1));
                    out.write(new byte[] {(byte) 0xfe, 0, 0, 1, 'a', 1, 'b', 0, 1, 'c'});
                    return;
                }
                default -> {
                    // The rest of a command.
                }
            }
        }
    }

    @Test
    void nobodyReadsWhatIsHalfThere() throws Exception {
        try (ServerSocket primary = new ServerSocket(0, 1, InetAddress.getLoopbackAddress());
                Cluster node = Cluster.start(folder, "memory: 64MiB", 1);
                RawClient queued = new RawClient(node.port(0));
                RawClient ours = new RawClient(node.port(0))) {
            primary.setSoTimeout(30_000);
            queued.call("MULTI");
            queued.call("GET", "a");
            ours.call("REPLICAOF", "127.0.0.1", "" + primary.getLocalPort());
            Socket follower = primary.accept();
            stop(follower);
            Await.until("it loads", () -> ours.call("GET", "a").startsWith("-LOADING "));
            assertThat(ours.call("GET", "a")).isEqualTo("-LOADING Redis is loading the dataset in memory\r\n");
            assertThat(ours.call("INFO", "persistence")).contains("loading:1");
            assertThat(queued.call("EXEC"))
                    .isEqualTo("-EXECABORT Transaction discarded because of: LOADING Redis is loading the dataset in"
                            + " memory\r\n");
            follower.close();
            Await.until("it is given up", () -> ours.call("GET", "a").equals("$-1\r\n"));
            assertThat(ours.call("DBSIZE")).isEqualTo(":0\r\n");
        }
    }
}
