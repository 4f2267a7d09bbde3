package io.plinth.kvcache.client;

import static org.assertj.core.api.Assertions.assertThat;

import io.plinth.testkit.RequiresPeer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** DEBUG beside Debian's redis-server that allows it: the same words, and the same digests of the same keys. */
@Timeout(120)
@RequiresPeer("redis-server")
class DebugDifferentialIT {
    /** Behind a tilde, addresses and sizes of Redis's own structures are left out. */
    private static final String[] LINES = {
        "SET k v",
        "SET n 12",
        "SET m 123456",
        "SET neg -7",
        "SETEX e 1000 v",
        "RPUSH l a b 3",
        "SADD s 1 2 3",
        "SADD ss a b c",
        "HSET h a 1 b 2",
        "ZADD z 1 a 2.5 b -inf c 1e300 d 0.1 e 3e-7 f 12345678901234567890 g",
        "XADD x 1-1 f v g w",
        "XADD x 2-0 f v",
        "HSET big f xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
        "SELECT 2",
        "SET other v",
        "SELECT 0",
        "DEBUG",
        "DEBUG nosuch",
        "DEBUG nosuch x",
        "DEBUG JMAP",
        "DEBUG OBJECT",
        "DEBUG OBJECT nosuch",
        "~DEBUG OBJECT k",
        "~DEBUG OBJECT n",
        "~DEBUG OBJECT m",
        "~DEBUG OBJECT neg",
        "~DEBUG OBJECT h",
        "ZADD zz 1 a 2 b",
        "~DEBUG OBJECT zz",
        "~DEBUG OBJECT big",
        "DEBUG SLEEP 0",
        "DEBUG SLEEP",
        "DEBUG SLEEP x",
        "DEBUG sleep 0 0",
        "MULTI",
        "DEBUG SLEEP 0.05",
        "ECHO after",
        "EXEC",
        "CONFIG SET slowlog-log-slower-than 300000",
        "SLOWLOG RESET",
        "DEBUG SLEEP 0.4",
        "SLOWLOG LEN",
        "DEBUG SET-ACTIVE-EXPIRE 1",
        "DEBUG SET-ACTIVE-EXPIRE x",
        "DEBUG SET-ACTIVE-EXPIRE",
        "DEBUG SET-ACTIVE-EXPIRE 1 1",
        "DEBUG QUICKLIST-PACKED-THRESHOLD 100",
        "DEBUG QUICKLIST-PACKED-THRESHOLD 0",
        "DEBUG QUICKLIST-PACKED-THRESHOLD 100b",
        "DEBUG QUICKLIST-PACKED-THRESHOLD 1gb",
        "DEBUG QUICKLIST-PACKED-THRESHOLD x",
        "DEBUG QUICKLIST-PACKED-THRESHOLD 5gb",
        "DEBUG QUICKLIST-PACKED-THRESHOLD",
        "DEBUG CHANGE-REPL-ID",
        "DEBUG CHANGE-REPL-ID x",
        "DEBUG LISTPACK h",
        "DEBUG LISTPACK k",
        "DEBUG LISTPACK nosuch",
        "DEBUG QUICKLIST k",
        "DEBUG HTSTATS 99",
        "DEBUG HTSTATS x",
        "DEBUG HTSTATS -1",
        "DEBUG HTSTATS",
        "DEBUG HTSTATS 9",
        "~DEBUG HTSTATS 0",
        "~DEBUG HTSTATS-KEY big",
        "DEBUG HTSTATS-KEY h",
        "DEBUG HTSTATS-KEY k",
        "DEBUG HTSTATS-KEY nosuch",
        "~DEBUG SDSLEN k",
        "DEBUG SDSLEN l",
        "DEBUG SDSLEN n",
        "DEBUG SDSLEN nosuch",
        "DEBUG DIGEST",
        "DEBUG DIGEST x",
        "DEBUG DIGEST-VALUE k nosuch n m neg l s ss h z x big",
        "DEBUG DIGEST-VALUE e",
        "DEBUG DIGEST-VALUE",
        "DEBUG RELOAD",
        "DEBUG RELOAD MERGE NOFLUSH",
        "DEBUG RELOAD X",
        "DEBUG DIGEST",
        "GET k",
        "PERSIST e",
        "DEBUG POPULATE 2",
        "DEBUG POPULATE 3 pp 5",
        "DEBUG POPULATE 1 long 20",
        "DEBUG POPULATE x",
        "DEBUG POPULATE -1",
        "DEBUG POPULATE",
        "DEBUG POPULATE 1 a x",
        "DEBUG POPULATE 1 a b c",
        "GET key:1",
        "GET pp:1",
        "GET long:0",
        "OBJECT ENCODING key:0",
        "DBSIZE",
        "DEBUG ERROR",
        "DEBUG ERROR words",
        "DEBUG ERROR ERR",
        "DEBUG LOG x",
        "DEBUG LOG",
        "DEBUG PAUSE-CRON 0",
        "DEBUG PAUSE-CRON",
        "DEBUG REPLYBUFFER RESIZING 1",
        "DEBUG REPLYBUFFER PEAK-RESET-TIME RESET",
        "DEBUG REPLYBUFFER PEAK-RESET-TIME 100",
        "DEBUG REPLYBUFFER X Y",
        "DEBUG REPLYBUFFER",
        "DEBUG CLIENT-EVICTION",
        "DEBUG HELP x",
        "DEBUG PROTOCOL",
        "DEBUG PROTOCOL nosuch",
        "DEBUG PROTOCOL string",
        "DEBUG PROTOCOL Integer",
        "DEBUG PROTOCOL double",
        "DEBUG PROTOCOL bignum",
        "DEBUG PROTOCOL null",
        "DEBUG PROTOCOL array",
        "DEBUG PROTOCOL set",
        "DEBUG PROTOCOL map",
        "DEBUG PROTOCOL push",
        "DEBUG PROTOCOL verbatim",
        "DEBUG PROTOCOL true",
        "DEBUG PROTOCOL false",
        "FLUSHALL",
        "DEBUG DIGEST",
    };

    /** What DEBUG HELP of Redis 7.0 explains and this node does not do: it does not crash or leak on demand, and has no such parts. */
    private static final Set<String> NOT_DONE = Set.of(
            "AOF-FLUSH-SLEEP",
            "ASSERT",
            "CONFIG-REWRITE-FORCE-ALL",
            "CRASH-AND-RECOVER",
            "LEAK",
            "REPLICATE",
            "MALLCTL",
            "MALLCTL-STR",
            "DROP-CLUSTER-PACKET-FILTER",
            "OOM",
            "PANIC",
            "RESTART",
            "SEGFAULT",
            "SET-SKIP-CHECKSUM-VALIDATION",
            "STRINGMATCH-TEST",
            "CLUSTERLINK");

    /** Of Redis 7.2: see its src/debug.c. */
    private static final Set<String> NEWER = Set.of("DICT-RESIZING", "CLIENT-ENFORCE-REPLY-LIST");

    @ParameterizedTest
    @ValueSource(ints = {2, 3})
    void answersAsRedisDoes(int protocol, @TempDir Path folder) throws Exception {
        RedisPeer peer = RedisPeer.start(folder, "--enable-debug-command", "yes");
        try (Cluster node = Cluster.start(folder, "memory: 64MiB, debug-command: local", 1)) {
            List<String> ours = transcript(node.port(0), protocol);
            List<String> theirs = transcript(peer.port(), protocol);
            List<String> different = new ArrayList<>();
            for (int i = 0; i < ours.size(); i++) {
                if (!ours.get(i).equals(theirs.get(i))) {
                    different.add("ours:   " + ours.get(i) + "\ntheirs: " + theirs.get(i));
                }
            }
            assertThat(String.join("\n", different)).isEmpty();
            assertThat(attributes(node.port(0), protocol)).isEqualTo(attributes(peer.port(), protocol));
        } finally {
            peer.close();
        }
    }

    private static List<String> transcript(int port, int protocol) throws Exception {
        List<String> said = new ArrayList<>();
        try (RawClient raw = new RawClient(port)) {
            raw.call("HELLO", Integer.toString(protocol));
            for (String line : LINES) {
                boolean shape = line.startsWith("~");
                String command = shape ? line.substring(1) : line;
                String reply = raw.call(command.split(" ", -1));
                said.add(command + " -> " + (shape ? shape(reply) : reply));
            }
            said.add(CommandDifferentialIT.explained(raw.call("DEBUG", "HELP"), union(NOT_DONE, NEWER)));
        }
        return said;
    }

    private static Set<String> union(Set<String> one, Set<String> other) {
        Set<String> both = new HashSet<>(one);
        both.addAll(other);
        return both;
    }

    private static String shape(String reply) {
        return reply.replaceAll("at:0x[0-9a-f]+", "at")
                .replaceAll("lru:\\d+ lru_seconds_idle:\\d+", "lru")
                .replaceAll("zmalloc: \\d+", "zmalloc")
                .replaceAll("[$=]\\d+", "text")
                .replaceAll("\n (table size|different slots|max chain|avg chain|Chain length|  \\d+:)[^\n]*", "");
    }

    /** The one reply whose form RawClient does not know, up to a PONG. */
    private static String attributes(int port, int protocol) throws Exception {
        try (RawClient raw = new RawClient(port)) {
            raw.call("HELLO", Integer.toString(protocol));
            raw.send("DEBUG PROTOCOL attrib\r\nPING\r\nQUIT\r\n");
            return raw.rest();
        }
    }

    @Test
    void isRefusedUnlessTheFileAllowsIt(@TempDir Path folder) throws Exception {
        RedisPeer peer = RedisPeer.start(folder);
        try (Cluster node = Cluster.start(folder, "memory: 64MiB", 1);
                RawClient ours = new RawClient(node.port(0));
                RawClient theirs = new RawClient(peer.port())) {
            for (String line : List.of(
                    "DEBUG OBJECT x",
                    "DEBUG nosuch",
                    "DEBUG HELP",
                    "DEBUG",
                    "CONFIG GET enable-debug-command",
                    "CONFIG SET enable-debug-command yes")) {
                assertThat(ours.call(line.split(" ", -1))).as(line).isEqualTo(theirs.call(line.split(" ", -1)));
            }
        } finally {
            peer.close();
        }
    }

    @Test
    void keysStayWhileTheirRemovalRests(@TempDir Path folder) throws Exception {
        try (Cluster node = Cluster.start(folder, "memory: 64MiB, debug-command: yes", 1);
                RawClient client = new RawClient(node.port(0))) {
            assertThat(client.call("DEBUG", "SET-ACTIVE-EXPIRE", "0")).isEqualTo("+OK\r\n");
            client.call("PSETEX", "k", "1", "v");
            client.call("PSETEX", "seen", "1", "v");
            Await.until(
                    "a key that is looked at goes",
                    () -> client.call("EXISTS", "seen").equals(":0\r\n"));
            assertThat(client.call("DBSIZE")).isEqualTo(":1\r\n");
            client.call("DEBUG", "SET-ACTIVE-EXPIRE", "1");
            Await.until("the other goes, too", () -> client.call("DBSIZE").equals(":0\r\n"));
            assertThat(client.call("CONFIG", "GET", "enable-debug-command")).endsWith("$3\r\nyes\r\n");
            assertThat(client.call("DEBUG", "LOADAOF")).startsWith("-ERR DEBUG LOADAOF: ");
            assertThat(client.call("DEBUG", "DICT-RESIZING", "0")).isEqualTo("+OK\r\n");
            String before = client.call("INFO", "replication");
            client.call("DEBUG", "CHANGE-REPL-ID");
            assertThat(id(client.call("INFO", "replication"))).isNotEqualTo(id(before));
            assertThat(client.call("DEBUG", "STRUCTSIZE")).contains("bits:64 ");
        }
    }

    private static String id(String info) {
        return info.replaceAll("(?s).*master_replid:(\\w{40}).*", "$1");
    }
}
