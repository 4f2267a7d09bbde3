package io.plinth.kvcache.client;

import static org.assertj.core.api.Assertions.assertThat;

import io.plinth.testkit.RequiresPeer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** What concerns the process and its copies, beside Debian's redis-server. */
@Timeout(60)
@RequiresPeer("redis-server")
class ProcessDifferentialIT {
    private static final List<String> LINES = List.of(
            "WAIT 0 10",
            "WAIT 1 10",
            "WAIT x 10",
            "WAIT 1 x",
            "WAIT 1 -1",
            "WAIT 1",
            "MODULE LIST",
            "MODULE LOAD /nosuch.so",
            "MODULE",
            "FAILOVER",
            "FAILOVER ABORT",
            "MODULE UNLOAD x",
            "MULTI",
            "MODULE LIST",
            "MODULE LOADEX /nosuch.so",
            "EXEC",
            "MULTI",
            "DEBUG SLEEP 0",
            "EXEC",
            "DEBUG",
            "DEBUG OBJECT k",
            "SCRIPT DEBUG YES",
            "SCRIPT DEBUG no",
            "SCRIPT DEBUG SYNC",
            "SCRIPT DEBUG NO",
            "SCRIPT DEBUG x",
            "SCRIPT DEBUG",
            "EVAL return(1) 0",
            "MULTI",
            "SCRIPT DEBUG NO",
            "SCRIPT DEBUG YES",
            "EXEC",
            "SHUTDOWN ABORT",
            "SHUTDOWN SAVE NOSAVE",
            "SHUTDOWN ABORT NOW",
            "SHUTDOWN NOSUCH",
            "ACL SETUSER app on >pw ~* +@all -shutdown -monitor -swapdb -module -wait");

    private static final List<String> SEEN = List.of(
            "SET k \"v\\\u00e9\n",
            "AUTH default secret",
            "CONFIG GET hz",
            "MULTI",
            "INCR n",
            "EXEC",
            "GET",
            "SELECT 3",
            "GET k");

    @Test
    void answersAsOneThatHasNoCopiesAndNoModules(@TempDir Path folder) throws Exception {
        RedisPeer peer = RedisPeer.start(folder);
        try (Cluster node = Cluster.start(folder, "memory: 64MiB", 1);
                RawClient ours = new RawClient(node.port(0));
                RawClient theirs = new RawClient(peer.port())) {
            for (String line : LINES) {
                String[] words = line.split(" ", -1);
                assertThat(ours.call(words)).as(line).isEqualTo(theirs.call(words));
            }
            assertThat(ours.call("LOLWUT")).contains("Redis ver. 7.2");
            assertThat(ours.call("WAITAOF", "1", "0", "0"))
                    .isEqualTo("-ERR WAITAOF cannot be used when numlocal is set but appendonly is disabled.\r\n");
            assertThat(ours.call("WAITAOF", "0", "1", "0")).isEqualTo("*2\r\n:0\r\n:0\r\n");
            ours.call("SCRIPT", "DEBUG", "YES");
            assertThat(ours.call("EVAL", "return 1", "0"))
                    .isEqualTo("-ERR SCRIPT DEBUG: scripts cannot be debugged on this node"
                            + " (expected: SCRIPT DEBUG NO before EVAL)\r\n");
            ours.call("SCRIPT", "DEBUG", "NO");
            for (String first : List.of("POST / HTTP/1.1", "Host: 127.0.0.1")) {
                assertThat(sent(node.port(0), first))
                        .isEqualTo(sent(peer.port(), first))
                        .isEmpty();
            }
            assertThat(ours.call("GET", "stolen")).isEqualTo("$-1\r\n");
            assertThat(ours.call("INFO", "errorstats")).contains("errorstat_HTTP:count=2");
            assertThat(monitored(node.port(0))).isEqualTo(monitored(peer.port()));
        } finally {
            peer.close();
        }
    }

    /** A client that sees all commands gives none about keys; what a subscriber may not do is named in full. */
    @Test
    void whoWatchesOrListensIsRefusedAlike(@TempDir Path folder) throws Exception {
        List<String> lines = List.of(
                "MULTI",
                "MONITOR",
                "SSUBSCRIBE a",
                "GET k",
                "EXEC",
                "MONITOR",
                "GET k",
                "SET k v",
                "PUBLISH a b",
                "EVAL return(1) 0",
                "OBJECT FREQ k",
                "MULTI",
                "DBSIZE",
                "EXEC",
                "SUBSCRIBE a",
                "OBJECT HELP",
                "CONFIG GET hz",
                "GET k",
                "RESET",
                "GET k",
                "SUBSCRIBE a",
                "XINFO HELP",
                "MEMORY USAGE k");
        RedisPeer peer = RedisPeer.start(folder);
        try (Cluster node = Cluster.start(folder, "memory: 64MiB", 1);
                RawClient ours = new RawClient(node.port(0));
                RawClient theirs = new RawClient(peer.port())) {
            for (String line : lines) {
                String[] words = line.split(" ", -1);
                assertThat(plain(ours, words)).as(line).isEqualTo(plain(theirs, words));
            }
        } finally {
            peer.close();
        }
    }

    /** A reply, without the commands that the client itself is shown. */
    private static String plain(RawClient client, String... words) throws Exception {
        String reply = client.call(words);
        while (reply.matches("(?s)\\+\\d{10}\\..*")) {
            reply = client.reply();
        }
        return reply;
    }

    /** What a browser's request is answered until the connection is closed. */
    private static String sent(int port, String first) throws Exception {
        try (RawClient browser = new RawClient(port)) {
            browser.send(first + "\r\nSET stolen 1\r\n");
            return browser.rest();
        }
    }

    /** What one client sees of another's commands, without times and addresses. */
    private static List<String> monitored(int port) throws Exception {
        try (RawClient watching = new RawClient(port);
                RawClient other = new RawClient(port)) {
            assertThat(watching.call("MONITOR")).isEqualTo("+OK\r\n");
            for (String line : SEEN) {
                other.call(line.split(" ", -1));
            }
            other.call("EVAL", "return redis.call('GET', KEYS[1])", "1", "k");
            other.call("ECHO", "end");
            List<String> seen = new ArrayList<>();
            for (String line = ""; !line.contains("\"end\""); ) {
                line = watching.reply();
                seen.add(line.replaceAll("\\d+\\.\\d{6}", "time").replaceAll("127\\.0\\.0\\.1:\\d+", "address"));
            }
            // A script is shown when it has run, so behind its commands; Redis shows it before them.
            seen.sort(null);
            return seen;
        }
    }

    @Test
    void shutdownStopsTheNodeAndLeavesASnapshotOrNothing(@TempDir Path folder) throws Exception {
        for (String how : List.of("SAVE", "NOSAVE")) {
            try (Cluster node = Cluster.start(folder, "memory: 64MiB", 1)) {
                try (RawClient client = new RawClient(node.port(0))) {
                    assertThat(client.call("GET", "k")).isEqualTo(how.equals("SAVE") ? "$-1\r\n" : "$1\r\nv\r\n");
                    client.call("SET", "k", "v");
                    client.send("SHUTDOWN " + how + "\r\n");
                    node.node(0).stopped().get(30, TimeUnit.SECONDS);
                }
            }
        }
        try (Cluster node = Cluster.start(folder, "memory: 64MiB", 1);
                RawClient client = new RawClient(node.port(0))) {
            assertThat(client.call("GET", "k")).isEqualTo("$-1\r\n");
        }
    }
}
