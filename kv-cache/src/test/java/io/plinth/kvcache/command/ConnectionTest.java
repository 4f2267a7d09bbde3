package io.plinth.kvcache.command;

import static org.assertj.core.api.Assertions.assertThat;

import io.plinth.kvcache.cluster.Topologies;
import io.plinth.kvcache.keyspace.Eviction;
import java.util.List;
import org.junit.jupiter.api.Test;

class ConnectionTest {
    private final CommandHarness node = new CommandHarness(Topologies.alone());
    private final CommandHarness.Connection client = node.connect();

    @Test
    void greetsInBothProtocols() {
        assertThat(client.run("HELLO"))
                .startsWith("*14|$6|server|$5|redis|$7|version|")
                .contains("$5|proto|:2|$2|id|:1|$4|mode|$10|standalone|$4|role|$6|master|$7|modules|*0|");
        assertThat(client.run("HELLO 3 SETNAME me")).startsWith("%7|$6|server|");
        assertThat(client.run("CLIENT GETNAME")).isEqualTo("$2|me|");
        assertThat(client.run("HELLO 4")).isEqualTo("-NOPROTO unsupported protocol version|");
        assertThat(client.run("HELLO x")).isEqualTo("-ERR Protocol version is not an integer or out of range|");
        assertThat(client.run("HELLO 3 FOO")).isEqualTo("-ERR Syntax error in HELLO option 'FOO'|");
        assertThat(client.run("RESET")).isEqualTo("+RESET|");
        assertThat(client.run("GET x")).isEqualTo("$-1|");
    }

    @Test
    void asksForThePassword() {
        CommandHarness.Connection guarded =
                new CommandHarness(Topologies.alone(), 0, Eviction.ALL_KEYS, "secret").connect();
        assertThat(guarded.run("GET a")).isEqualTo("-NOAUTH Authentication required.|");
        assertThat(guarded.run("HELLO 3")).startsWith("-NOAUTH HELLO must be called with");
        assertThat(guarded.run("AUTH wrong"))
                .isEqualTo("-WRONGPASS invalid username-password pair or user is disabled.|");
        assertThat(guarded.run("HELLO 3 AUTH default secret")).startsWith("%7|");
        assertThat(guarded.run("GET a")).isEqualTo("_|");
        assertThat(client.run("AUTH x")).startsWith("-ERR AUTH <password> called without any password configured");
    }

    @Test
    void leavesOutRepliesOnRequest() {
        assertThat(client.run("CLIENT REPLY SKIP")).isEmpty();
        assertThat(client.run("PING")).isEmpty();
        assertThat(client.run("PING")).isEqualTo("+PONG|");
        assertThat(client.run("CLIENT REPLY OFF")).isEmpty();
        assertThat(client.run("SET a 1")).isEmpty();
        assertThat(client.run("CLIENT REPLY ON")).isEqualTo("+OK|");
        assertThat(client.run("GET a")).isEqualTo("$1|1|");
    }

    @Test
    void waitsWhileClientsArePaused() {
        CommandHarness.Connection other = node.connect();
        assertThat(client.run("CLIENT PAUSE 100 WRITE")).isEqualTo("+OK|");
        assertThat(other.run("GET a")).isEqualTo("$-1|");
        assertThat(other.run("SET a 1")).isEqualTo("(waits)");
        node.now += 101;
        assertThat(other.run("SET a 1")).isEqualTo("+OK|");
        client.run("CLIENT PAUSE 100");
        assertThat(other.run("GET a")).isEqualTo("(waits)");
        client.run("CLIENT UNPAUSE");
        assertThat(other.run("GET a")).isEqualTo("$1|1|");
    }

    @Test
    void listsAndClosesConnections() {
        CommandHarness.Connection other = node.connect();
        other.run("CLIENT SETNAME other");
        other.run("CLIENT SETINFO LIB-NAME lib");
        assertThat(client.run("CLIENT LIST"))
                .contains("id=1 addr=1.2.3.4:5")
                .contains("name=other")
                .contains("lib-name=lib");
        assertThat(client.run("CLIENT LIST ID 2")).contains("id=2 ").doesNotContain("id=1 ");
        assertThat(client.run("CLIENT KILL ID 2")).isEqualTo(":1|");
        assertThat(other.client.closing()).isTrue();
        assertThat(client.run("CLIENT KILL 9.9.9.9:9")).isEqualTo("-ERR No such client|");
        assertThat(client.call("CLIENT", "SETNAME", "a b"))
                .isEqualTo("-ERR Client names cannot contain spaces, newlines or special characters.|");
    }

    @Test
    void describesItselfAsClientsNeedIt() {
        assertThat(client.run("INFO"))
                .contains("redis_version:7.", "loading:0", "role:master", "cluster_enabled:0", "redis_mode:standalone");
        assertThat(client.run("INFO keyspace")).doesNotContain("redis_version");
        client.run("SET a 1 EX 10");
        assertThat(client.run("INFO keyspace")).contains("db0:keys=1,expires=1,avg_ttl=10000");
        assertThat(client.run("CONFIG GET save")).isEqualTo("*2|$4|save|$0||");
        assertThat(client.run("CONFIG SET maxmemory 2mb")).isEqualTo("+OK|");
        assertThat(client.run("CONFIG GET maxmemory")).contains("2097152");
        assertThat(client.run("CONFIG SET maxmemory-policy volatile-lru")).isEqualTo("+OK|");
        assertThat(client.run("CONFIG SET nosuch 1"))
                .isEqualTo("-ERR Unknown option or number of arguments for CONFIG SET - 'nosuch'|");
        assertThat(client.run("CONFIG SET notify-keyspace-events !")).startsWith("-ERR CONFIG SET failed");
        assertThat(client.run("CONFIG SET notify-keyspace-events Exg")).isEqualTo("+OK|");
        assertThat(client.run("CONFIG GET notify-keyspace-events")).endsWith("|gxE|");
        assertThat(client.run("COMMAND INFO get nosuch"))
                .isEqualTo(
                        "*2|*10|$3|get|:2|*2|+readonly|+fast|:1|:1|:1|*3|+@read|+@string|+@fast|*0|*1|*6|$5|flags|*2|+RO"
                            + "|+access|$12|begin_search|*4|$4|type|$5|index|$4|spec|*2|$5|index|:1|$9|find_keys|*4|$4|type"
                            + "|$5|range|$4|spec|*6|$7|lastkey|:0|$7|keystep|:1|$5|limit|:0|*0|$-1|");
        assertThat(client.run("COMMAND GETKEYS MSET a 1 b 2")).isEqualTo("*2|$1|a|$1|b|");
        assertThat(client.run("COMMAND DOCS get")).startsWith("*2|$3|get|*10|$7|summary|$22|Get the value of a key|");
        assertThat(client.run("TIME")).isEqualTo("*2|$10|1700000000|$1|0|");
    }

    @Test
    void whoSaysNothingForLongIsDisconnectedUnlessItListens() {
        CommandHarness node = new CommandHarness(Topologies.alone());
        CommandHarness.Connection idle = node.connect();
        CommandHarness.Connection busy = node.connect();
        CommandHarness.Connection listening = node.connect();
        CommandHarness.Connection waiting = node.connect();
        listening.run("SUBSCRIBE c");
        waiting.run("BLPOP k 0");
        assertThat(idle.run("CONFIG SET timeout 60")).isEqualTo("+OK|");
        assertThat(idle.run("CONFIG GET timeout")).contains("|60|");
        node.now += 61_000;
        busy.run("PING");
        node.clients.tick(node.now, 0);
        assertThat(idle.client.closing()).isFalse();
        node.clients.tick(node.now, 60);

        assertThat(idle.client.closing()).isTrue();
        assertThat(busy.client.closing()).isFalse();
        assertThat(listening.client.closing()).isFalse();
        assertThat(waiting.client.closing()).isFalse();
    }

    @Test
    void theTimeOfWhoWaitedForAReplyBeginsWithTheReply() {
        CommandHarness node = new CommandHarness(Topologies.alone());
        CommandHarness.Connection waiting = node.connect();
        CommandHarness.Connection held = node.connect();
        CommandHarness.Connection slow = node.connect();
        waiting.run("BLPOP k 0");
        held.held = true;
        CommandHarness.Connection stuck = node.connect();
        stuck.client.out().ok();
        List<CommandHarness.Connection> all = List.of(waiting, held, slow);
        for (int second = 0; second < 300; second++) {
            node.now += 1_000;
            slow.client.out().ok();
            node.clients.tick(node.now, 60);
        }
        assertThat(stuck.client.closing()).isTrue();
        stuck.received();
        node.connect().run("RPUSH k v");
        assertThat(waiting.received()).isEqualTo("*2|$1|k|$1|v|");
        held.held = false;
        slow.received();
        for (int second = 0; second < 60; second++) {
            node.now += 1_000;
            node.clients.tick(node.now, 60);
            assertThat(all).noneMatch(client -> client.client.closing());
        }
        node.now += 3_000;
        node.clients.tick(node.now, 60);
        assertThat(all).allMatch(client -> client.client.closing());
    }
}
