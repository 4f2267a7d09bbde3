package io.plinth.kvcache.client;

import static org.assertj.core.api.Assertions.assertThat;

import io.plinth.testkit.RequiresPeer;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** COMMAND and every container's HELP beside Debian's redis-server: names, shapes and texts. */
@Timeout(120)
@RequiresPeer("redis-server")
class CommandDifferentialIT {
    /** What Redis's HELP explains and this node does not do: its nodes stand in the stack's file, it has no modules, and it does not crash on demand. */
    private static final Map<String, Set<String>> NOT_EXPLAINED = Map.of(
            "MODULE",
            Set.of("LOAD", "LOADEX", "UNLOAD"),
            "CLUSTER",
            Set.of(
                    "ADDSLOTS",
                    "ADDSLOTSRANGE",
                    "BUMPEPOCH",
                    "COUNT-FAILURE-REPORTS",
                    "DELSLOTS",
                    "DELSLOTSRANGE",
                    "FAILOVER",
                    "FLUSHSLOTS",
                    "FORGET",
                    "LINKS",
                    "MEET",
                    "REPLICATE",
                    "RESET",
                    "SAVECONFIG",
                    "SET-CONFIG-EPOCH",
                    "SETSLOT"));

    /** What Redis 7.2 explains and 7.0 does not; {@link Newer} has the sources. */
    private static final Map<String, Set<String>> NEWER =
            Map.of("CLIENT", Set.of("SETINFO", "NO-TOUCH"), "CLUSTER", Set.of("MYSHARDID"));

    /** They take WITHSCORE since 7.2; see {@link Accepted}. */
    private static final Set<String> RANKS = Set.of("zrank", "zrevrank");

    private static final List<String> LINES = List.of(
            "COMMAND COUNT x",
            "COMMAND INFO nosuch",
            "COMMAND INFO get nosuch GET nosuch|get get|x config|nosuch config|get|x CONFIG|GET",
            "COMMAND DOCS nosuch",
            "COMMAND DOCS get nosuch Config|Get get",
            "COMMAND LIST FILTERBY",
            "COMMAND LIST FILTERBY MODULE x",
            "COMMAND LIST FILTERBY ACLCAT nosuch",
            "COMMAND LIST FILTERBY PATTERN nosuch*",
            "COMMAND LIST FILTERBY PATTERN",
            "COMMAND LIST FILTERBY X Y",
            "COMMAND LIST X Y Z",
            "COMMAND NOSUCH",
            "COMMAND GETKEYS",
            "COMMAND GETKEYS GET",
            "COMMAND GETKEYSANDFLAGS GET");

    private static final List<String> LISTS = List.of(
            "COMMAND LIST FILTERBY PATTERN xinfo*",
            "COMMAND LIST FILTERBY PATTERN *|help",
            "COMMAND LIST FILTERBY PATTERN GE?",
            "COMMAND LIST FILTERBY ACLCAT hyperloglog",
            "COMMAND LIST FILTERBY ACLCAT Scripting",
            "COMMAND LIST filterby aclcat blocking");

    private static final List<String> CALLS = List.of(
            "GET a",
            "GET a b",
            "get",
            "GET",
            "PING",
            "PING x",
            "nosuch x",
            "SET a b",
            "SET a b GET",
            "SET a b NX EX 10",
            "SET a b EX 10 get",
            "MSET a b c d",
            "MSET a b c",
            "MGET a b c",
            "DEL a b",
            "BITFIELD a",
            "BITFIELD a GET u8 0",
            "BITFIELD a GET u8 0 GET u8 8",
            "BITFIELD a GET u8 0 SET u8 0 1",
            "BITFIELD a OVERFLOW SAT",
            "BITFIELD_RO a GET u8 0",
            "BITOP AND d a b",
            "SORT a",
            "SORT a BY x STORE d",
            "SORT a STORE d STORE e",
            "SORT a GET STORE",
            "SORT_RO a BY w*",
            "EVAL x 0",
            "EVAL x 2 a b c",
            "EVAL x 3 a b",
            "EVAL x -1 a",
            "EVAL x y a",
            "EVALSHA x 1 a",
            "FCALL f 1 k v",
            "FCALL f 0",
            "ZUNIONSTORE d 2 a b WEIGHTS 1 2",
            "ZUNIONSTORE d 3 a b",
            "ZUNIONSTORE d x a b",
            "ZUNION 2 a b",
            "ZUNION 5 a b",
            "ZUNION 0 a",
            "ZINTERCARD 2 a b LIMIT 1",
            "SINTERCARD 2 a b",
            "LMPOP 2 a b LEFT",
            "BLMPOP 0 2 a b LEFT",
            "XREAD STREAMS a b 1 2",
            "XREAD COUNT 2 STREAMS a 1",
            "XREAD COUNT 2",
            "XREAD COUNT 2 STREAMS",
            "XREAD COUNT 2 STREAMS a b c",
            "XREADGROUP GROUP g c STREAMS a >",
            "XADD a * f v",
            "XGROUP CREATE a g $",
            "XGROUP nosuch a g",
            "XGROUP",
            "XINFO STREAM a",
            "OBJECT ENCODING a",
            "OBJECT ENCODING",
            "OBJECT HELP",
            "OBJECT x",
            "MEMORY USAGE a",
            "MEMORY DOCTOR x",
            "GEORADIUS a 1 2 3 m STORE d",
            "GEORADIUS a 1 2 3 m STOREDIST d",
            "GEORADIUS a 1 2 3 m",
            "GEOSEARCHSTORE d a FROMMEMBER x BYRADIUS 1 m",
            "MIGRATE h 1 k 0 10",
            "MIGRATE h 1  0 10 KEYS a b",
            "MIGRATE h 1 k 0 10 KEYS a b",
            "RENAME a b",
            "COPY a b",
            "LMOVE a b LEFT LEFT",
            "SUBSCRIBE a",
            "SSUBSCRIBE a b",
            "SPUBLISH a b",
            "PUBLISH a b",
            "CONFIG GET x",
            "WATCH a b",
            "TOUCH a b",
            "EXISTS a",
            "BLPOP a b 0",
            "BRPOPLPUSH a b 0",
            "SMOVE a b c",
            "PFCOUNT a b",
            "PFMERGE d a",
            "RESTORE a 0 x",
            "MOVE a 1",
            "LCS a b",
            "ZADD a 1 b",
            "HSET a f v",
            "XAUTOCLAIM a g c 0 0",
            "DEBUG OBJECT a",
            "RANDOMKEY x",
            "SINTERSTORE d a b");

    @ParameterizedTest
    @ValueSource(ints = {2, 3})
    void describesEveryCommandAsRedisDoes(int protocol, @TempDir Path folder) throws Exception {
        RedisPeer peer = RedisPeer.start(folder);
        try (Cluster node = Cluster.start(folder, "memory: 64MiB", 1);
                RawClient ours = greeted(node.port(0), protocol);
                RawClient theirs = greeted(peer.port(), protocol)) {
            List<String> different = new ArrayList<>();
            Set<String> names = names(theirs.call("COMMAND", "LIST"));
            for (String name : names) {
                for (String what : List.of("INFO", "DOCS")) {
                    String mine = ours.call("COMMAND", what, name);
                    String other = theirs.call("COMMAND", what, name);
                    boolean same = containers(names).contains(name)
                            ? missing(other, mine, name).isEmpty()
                            : (RANKS.contains(name) ? mine.replaceFirst(":-3", ":3") : mine).equals(other);
                    if (!same) {
                        different.add("COMMAND " + what + " " + name + "\nours:   " + mine + "\ntheirs: " + other);
                    }
                }
            }
            assertThat(names).hasSizeGreaterThan(350);
            for (String line : LINES) {
                differ(line, ours.call(line.split(" ", -1)), theirs.call(line.split(" ", -1)), different);
            }
            for (String call : CALLS) {
                for (String what : List.of("COMMAND GETKEYS ", "COMMAND GETKEYSANDFLAGS ")) {
                    String[] words = (what + call).split(" ", -1);
                    differ(what + call, ours.call(words), theirs.call(words), different);
                }
            }
            for (String list : LISTS) {
                differ(
                        list,
                        withoutNewer(names(ours.call(list.split(" ", -1)))).toString(),
                        names(theirs.call(list.split(" ", -1))).toString(),
                        different);
            }
            assertThat(withoutNewer(names(ours.call("COMMAND", "LIST")))).isEqualTo(names);
            assertThat(String.join("\n", different)).isEmpty();
        } finally {
            peer.close();
        }
    }

    @Test
    void explainsEveryContainerAsRedisDoes(@TempDir Path folder) throws Exception {
        RedisPeer peer = RedisPeer.start(folder, "--enable-debug-command", "yes", "--cluster-enabled", "yes");
        try (Cluster cluster = Cluster.start(folder, "memory: 64MiB", 2);
                RawClient ours = new RawClient(cluster.port(0));
                RawClient theirs = new RawClient(peer.port())) {
            for (String container : containers(names(theirs.call("COMMAND", "LIST")))) {
                String name = container.toUpperCase(java.util.Locale.ROOT);
                assertThat(explained(ours.call(name, "HELP"), NEWER.getOrDefault(name, Set.of())))
                        .as(name)
                        .isEqualTo(explained(theirs.call(name, "HELP"), NOT_EXPLAINED.getOrDefault(name, Set.of())));
            }
            for (Map.Entry<String, Set<String>> newer : NEWER.entrySet()) {
                assertThat(ours.call(newer.getKey(), "HELP"))
                        .contains(newer.getValue().stream()
                                .map(name -> "+" + name)
                                .toList());
            }
            assertThat(ours.call("CLUSTER", "MYSHARDID")).matches("\\$40\r\n[0-9a-f]{40}\r\n");
        } finally {
            peer.close();
        }
    }

    /** A HELP's lines without those about some subcommands, and without their count. */
    static String explained(String help, Set<String> without) {
        StringBuilder kept = new StringBuilder();
        boolean skipped = false;
        for (String line : help.split("\r\n", -1)) {
            if (line.startsWith("+") && !line.startsWith("+ ")) {
                skipped = without.contains(line.substring(1).split(" ", -1)[0]);
            }
            if (!skipped && !line.startsWith("*")) {
                kept.append(line).append('\n');
            }
        }
        return kept.toString();
    }

    /** Lines that a container's description lacks; the order of subcommands is that of a hash table. */
    private static List<String> missing(String theirs, String ours, String name) {
        List<String> left = new ArrayList<>(Arrays.asList(theirs.split("\r\n", -1)));
        for (String line : ours.split("\r\n", -1)) {
            left.remove(line);
        }
        if (Newer.commands().stream().anyMatch(newer -> newer.startsWith(name + "|"))) {
            left.removeIf(line -> line.matches("[*%]\\d+"));
        }
        return left;
    }

    private static Set<String> containers(Set<String> names) {
        Set<String> containers = new TreeSet<>();
        names.stream()
                .filter(name -> name.contains("|"))
                .forEach(name -> containers.add(name.substring(0, name.indexOf('|'))));
        return containers;
    }

    private static Set<String> withoutNewer(Set<String> names) {
        names.removeAll(Newer.commands());
        return names;
    }

    private static Set<String> names(String list) {
        Set<String> names = new TreeSet<>();
        String[] lines = list.split("\r\n", -1);
        for (int i = 2; i < lines.length; i += 2) {
            names.add(lines[i]);
        }
        return names;
    }

    private static RawClient greeted(int port, int protocol) throws IOException {
        RawClient client = new RawClient(port);
        client.call("HELLO", Integer.toString(protocol));
        return client;
    }

    private static void differ(String line, String ours, String theirs, List<String> different) {
        if (!ours.equals(theirs)) {
            different.add(line + "\nours:   " + ours + "\ntheirs: " + theirs);
        }
    }
}
