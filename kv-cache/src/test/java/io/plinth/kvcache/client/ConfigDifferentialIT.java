package io.plinth.kvcache.client;

import static org.assertj.core.api.Assertions.assertThat;

import io.plinth.testkit.RequiresPeer;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** CONFIG beside Debian's redis-server: every name that one knows, what it takes for a value, and its words for what it does not. */
@Timeout(60)
@RequiresPeer("redis-server")
class ConfigDifferentialIT {
    /** What the file of the node says, or the node does not do: refused here in words of its own. */
    private static final Set<String> OF_THE_FILE = Set.of(
            "save",
            "appendonly",
            "appendfsync",
            "replica-read-only",
            "slave-read-only",
            "min-replicas-to-write",
            "min-slaves-to-write",
            "port",
            "bind",
            "tls-replication",
            "dir",
            "dbfilename",
            "proto-max-bulk-len",
            "client-query-buffer-limit");
    /** Another limit than Redis has (a count of 64 bits there), another policy, or words that name a form of Redis's own. */
    private static final Set<String> OTHER = Set.of(
            "cluster-announce-hostname",
            "hash-max-listpack-entries",
            "hash-max-ziplist-entries",
            "maxclients",
            "maxmemory-policy",
            "set-max-intset-entries",
            "slowlog-max-len",
            "stream-node-max-entries",
            "tracking-table-max-keys",
            "zset-max-listpack-entries",
            "zset-max-ziplist-entries");
    /** Redis has these from the machine or the folder it was started in. */
    private static final Set<String> VALUES_OF_THE_MACHINE = Set.of(
            "bind", "dir", "dbfilename", "pidfile", "logfile", "port", "daemonize", "maxmemory", "maxmemory-policy");

    @Test
    void knowsEveryNameAndWhatItTakes(@TempDir Path folder) throws Exception {
        RedisPeer peer = RedisPeer.start(folder);
        try (Cluster node = Cluster.start(folder, "memory: 64MiB", 1);
                RawClient ours = new RawClient(node.port(0));
                RawClient theirs = new RawClient(peer.port())) {
            List<String> different = new ArrayList<>();
            String all = theirs.call("CONFIG", "GET", "*");
            List<String> lines = all.lines().toList();
            for (int i = 2; i + 3 < lines.size(); i += 4) {
                String name = lines.get(i);
                String value = lines.get(i + 2);
                if (!ours.call("CONFIG", "GET", name).contains("\r\n" + name + "\r\n")) {
                    different.add(name + ": not known");
                }
                if (!OF_THE_FILE.contains(name) && !OTHER.contains(name)) {
                    compare(List.of(name, "@no@"), ours, theirs, different);
                    compare(List.of(name, "-9223372036854775808"), ours, theirs, different);
                    compare(List.of(name, "9223372036854775807"), ours, theirs, different);
                    compare(List.of(name, value), ours, theirs, different);
                    if (!VALUES_OF_THE_MACHINE.contains(name)) {
                        same("CONFIG GET " + name, ours, theirs, different);
                    }
                }
            }
            assertThat(lines).hasSizeGreaterThan(700);
            for (String line : LINES) {
                same(line, ours, theirs, different);
            }
            assertThat(String.join("\n", different)).isEmpty();
        } finally {
            peer.close();
        }
    }

    private static final List<String> LINES = List.of(
            "CONFIG SET maxmemory 10000000 maxmemory 20000000",
            "CONFIG SET lua-time-limit 1 busy-reply-threshold 2",
            "CONFIG GET busy-reply-threshold",
            "CONFIG SET hz 15 lfu-log-factor 11",
            "CONFIG GET lfu-log-factor",
            "CONFIG SET hz 17 list-compress-depth nosuch",
            "CONFIG GET list-compress-depth",
            "CONFIG GET hz",
            "CONFIG SET hz 17 nosuch 1",
            "CONFIG SET hz",
            "CONFIG GET hz",
            "CONFIG SET HASH-MAX-ZIPLIST-ENTRIES 2",
            "CONFIG GET hash-max-listpack-entries",
            "CONFIG GET hash-max-z*-entries",
            "HSET h a 1 b 2",
            "OBJECT ENCODING h",
            "HSET h c 3",
            "OBJECT ENCODING h",
            "CONFIG SET repl-backlog-size 2mb",
            "CONFIG GET repl-backlog-size",
            "CONFIG SET loglevel VERBOSE",
            "CONFIG GET loglevel",
            "CONFIG SET databases 32",
            "CONFIG SET stream-node-max-entries 0",
            "XADD x MAXLEN ~ 1 1-1 f v",
            "CONFIG GET nosuch");

    /** Settings of several words. */
    private static final List<List<String>> SEVERAL = List.of(
            // Ours begins with the limits of its file.
            List.of(
                    "client-output-buffer-limit",
                    "normal 0 0 0 slave 268435456 67108864 60 pubsub 33554432 8388608 60"),
            List.of("client-output-buffer-limit", ""),
            List.of("client-output-buffer-limit", "PubSub 1mb 1kb 60 replica 3 2 1"),
            List.of("client-output-buffer-limit", "normal 5 5 5 master 1 1 1"),
            List.of("client-output-buffer-limit", "normal 5 5"),
            List.of("client-output-buffer-limit", "normal  5 5 5"),
            List.of("client-output-buffer-limit", "normal x 5 5"),
            List.of("client-output-buffer-limit", "normal 5 5 -1"),
            List.of("oom-score-adj-values", "1 2"),
            List.of("oom-score-adj-values", "1 2 x"),
            List.of("oom-score-adj-values", "1 2 2001"),
            List.of("oom-score-adj-values", "-1 2 3"),
            List.of("shutdown-on-sigterm", "force NOSAVE"),
            List.of("shutdown-on-sigterm", "default save"),
            List.of("shutdown-on-sigterm", "save nosuch"),
            List.of("shutdown-on-sigterm", "default"),
            List.of("maxmemory-clients", "10%"),
            List.of("maxmemory-clients", "101%"),
            List.of("maxmemory-clients", "%"),
            List.of("maxmemory-clients", "0%"),
            List.of("maxmemory-clients", "1kb"));

    @Test
    void takesSeveralWordsAsRedisDoes(@TempDir Path folder) throws Exception {
        RedisPeer peer = RedisPeer.start(folder);
        List<String> different = new ArrayList<>();
        try (Cluster node = Cluster.start(folder, "memory: 64MiB", 1);
                RawClient ours = new RawClient(node.port(0));
                RawClient theirs = new RawClient(peer.port())) {
            for (List<String> each : SEVERAL) {
                compare(each, ours, theirs, different);
                same("CONFIG GET " + each.getFirst(), ours, theirs, different);
            }
            assertThat(String.join("\n", different)).isEmpty();
        } finally {
            peer.close();
        }
    }

    private static void compare(List<String> nameAndValue, RawClient ours, RawClient theirs, List<String> different)
            throws IOException {
        String[] words = {"CONFIG", "SET", nameAndValue.getFirst(), nameAndValue.getLast()};
        differ(String.join(" ", words), ours.call(words), theirs.call(words), different);
    }

    private static void same(String line, RawClient ours, RawClient theirs, List<String> different) throws IOException {
        String[] words = line.split(" ", -1);
        differ(line, ours.call(words), theirs.call(words), different);
    }

    private static void differ(String line, String ours, String theirs, List<String> different) {
        if (!ours.equals(theirs)) {
            different.add(line + "\nours:   " + ours + "\ntheirs: " + theirs);
        }
    }
}
