package io.plinth.kvcache.command;

import static org.assertj.core.api.Assertions.assertThat;

import io.plinth.kvcache.cluster.Topologies;
import org.junit.jupiter.api.Test;

class ClusterRoutingTest {
    private final CommandHarness node = new CommandHarness(Topologies.of(3, 0));
    private final CommandHarness.Connection client = node.connect();

    @Test
    void sendsClientsToTheOwnerOfTheSlot() {
        assertThat(client.run("GET bar")).isEqualTo("$-1|");
        assertThat(client.run("GET foo")).isEqualTo("-MOVED 12182 10.0.0.2:7002|");
        assertThat(client.run("SSUBSCRIBE foo")).isEqualTo("-MOVED 12182 10.0.0.2:7002|");
        assertThat(client.run("PING")).isEqualTo("+PONG|");
    }

    @Test
    void sendsClientsThatCameWithTlsToItsPort() {
        CommandHarness secured = new CommandHarness(Topologies.of(3, 0).boundTo(7000, 6390));
        CommandHarness.Connection asking = secured.connect();
        asking.client.secure(true);
        assertThat(asking.run("GET foo")).isEqualTo("-MOVED 12182 10.0.0.2:6390|");
        assertThat(asking.run("CLUSTER SLOTS")).contains("|:6390|").doesNotContain("|:7001|");
        assertThat(asking.run("CLUSTER NODES")).contains(" 10.0.0.2:6390@");
        assertThat(secured.connect().run("GET foo")).isEqualTo("-MOVED 12182 10.0.0.2:7002|");
        assertThat(secured.connect().run("CLUSTER SHARDS")).contains("$4|port|:7002|$8|tls-port|:6390|");
    }

    @Test
    void refusesKeysOfSeveralSlots() {
        assertThat(client.run("MGET bar foo")).isEqualTo("-CROSSSLOT Keys in request don't hash to the same slot|");
        assertThat(client.run("MSET {bar}1 a {bar}2 b")).isEqualTo("+OK|");
        assertThat(client.run("SORT bar STORE foo"))
                .isEqualTo("-CROSSSLOT Keys in request don't hash to the same slot|");
        assertThat(client.run("SORT {bar}8 GET # STORE {bar}9")).isEqualTo(":0|");
        assertThat(client.run("COMMAND GETKEYS SORT a GET STORE LIMIT 0 STORE STORE b STORE c"))
                .isEqualTo("*2|$1|a|$1|c|");
        assertThat(client.run("SELECT 1")).isEqualTo("-ERR SELECT is not allowed in cluster mode|");
    }

    @Test
    void aSubcommandWithoutAKeyIsAtHomeOnEveryNode() {
        CommandHarness last = new CommandHarness(Topologies.of(3, 2));
        for (CommandHarness each : new CommandHarness[] {node, last}) {
            CommandHarness.Connection asking = each.connect();
            asking.call("ECHO", "x".repeat(1_000), "y");
            assertThat(asking.run("MEMORY PURGE")).isEqualTo("+OK|");
            assertThat(asking.run("MEMORY DOCTOR")).startsWith("$");
            assertThat(asking.run("OBJECT HELP")).startsWith("*");
            asking.run("MULTI");
            asking.run("MEMORY PURGE");
            assertThat(asking.run("EXEC")).isEqualTo("*1|+OK|");
        }
    }

    @Test
    void aTransactionStaysInOneSlot() {
        client.run("MULTI");
        assertThat(client.run("GET foo")).isEqualTo("-MOVED 12182 10.0.0.2:7002|");
        assertThat(client.run("EXEC")).startsWith("-EXECABORT");
        client.run("MULTI");
        client.run("SET bar 1");
        client.run("SET hello 1");
        assertThat(client.run("EXEC")).isEqualTo("-CROSSSLOT Keys in request don't hash to the same slot|");
        assertThat(client.run("EXEC")).isEqualTo("-ERR EXEC without MULTI|");
    }

    @Test
    void showsTheSlotTable() {
        assertThat(client.run("CLUSTER SLOTS"))
                .startsWith("*3|*3|:0|:5461|*4|$8|10.0.0.0|:7000|$40|")
                .contains("*3|:5462|:10922|*4|$8|10.0.0.1|:7001|$40|");
        assertThat(client.run("CLUSTER NODES"))
                .contains("10.0.0.0:7000@17000 myself,master - 0 0 3 connected 0-5461\n");
        assertThat(client.run("CLUSTER INFO")).contains("cluster_state:ok", "cluster_known_nodes:3");
        assertThat(client.run("CLUSTER KEYSLOT foo")).isEqualTo(":12182|");
        client.run("SET bar 1");
        assertThat(client.run("CLUSTER COUNTKEYSINSLOT 5061")).isEqualTo(":1|");
        assertThat(client.run("CLUSTER GETKEYSINSLOT 5061 10")).isEqualTo("*1|$3|bar|");
        assertThat(client.run("CLUSTER SHARDS")).startsWith("*3|*4|$5|slots|*2|:0|:5461|$5|nodes|*1|*14|$2|id|");
        assertThat(client.run("READONLY")).isEqualTo("+OK|");
        assertThat(client.run("CLUSTER RESET")).startsWith("-ERR CLUSTER RESET is not supported");
    }
}
