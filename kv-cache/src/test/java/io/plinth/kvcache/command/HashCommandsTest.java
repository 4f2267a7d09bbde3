package io.plinth.kvcache.command;

import static org.assertj.core.api.Assertions.assertThat;

import io.plinth.kvcache.cluster.Topologies;
import org.junit.jupiter.api.Test;

class HashCommandsTest {
    private final CommandHarness node = new CommandHarness(Topologies.alone());
    private final CommandHarness.Connection client = node.connect();

    @Test
    void setsReadsAndRemovesFields() {
        assertThat(client.run("HSET h a 1 b 2 a 3")).isEqualTo(":2|");
        assertThat(client.run("HGET h a")).isEqualTo("$1|3|");
        assertThat(client.run("HMGET h a x b")).isEqualTo("*3|$1|3|$-1|$1|2|");
        assertThat(client.run("HGETALL h")).isEqualTo("*4|$1|a|$1|3|$1|b|$1|2|");
        assertThat(client.run("HKEYS h")).isEqualTo("*2|$1|a|$1|b|");
        assertThat(client.run("HVALS h")).isEqualTo("*2|$1|3|$1|2|");
        assertThat(client.run("HLEN h")).isEqualTo(":2|");
        assertThat(client.run("HEXISTS h a")).isEqualTo(":1|");
        assertThat(client.run("HSTRLEN h a")).isEqualTo(":1|");
        assertThat(client.run("HSETNX h a 9")).isEqualTo(":0|");
        assertThat(client.run("HMSET h c 1")).isEqualTo("+OK|");
        assertThat(client.run("HDEL h a b c x")).isEqualTo(":3|");
        assertThat(client.run("EXISTS h")).isEqualTo(":0|");
        assertThat(client.run("HGETALL h")).isEqualTo("*0|");
    }

    @Test
    void refusesWrongTypesAndCountsAndLeavesNothingBehind() {
        assertThat(client.run("HSET h a")).isEqualTo("-ERR wrong number of arguments for 'hset' command|");
        assertThat(client.run("HSET h a 1 b")).isEqualTo("-ERR wrong number of arguments for 'hset' command|");
        assertThat(client.run("HINCRBY h n x")).isEqualTo("-ERR value is not an integer or out of range|");
        assertThat(client.run("HINCRBYFLOAT h n x")).isEqualTo("-ERR value is not a valid float|");
        assertThat(client.run("EXISTS h")).isEqualTo(":0|");
        client.run("SET s v");
        assertThat(client.run("HGET s f"))
                .isEqualTo("-WRONGTYPE Operation against a key holding the wrong kind of value|");
    }

    @Test
    void countsInFields() {
        assertThat(client.run("HINCRBY h n 5")).isEqualTo(":5|");
        assertThat(client.run("HINCRBYFLOAT h n 0.5")).isEqualTo("$3|5.5|");
        assertThat(client.run("HINCRBY h n 1")).isEqualTo("-ERR hash value is not an integer|");
        client.run("HSET h n 9223372036854775807");
        assertThat(client.run("HINCRBY h n 1")).isEqualTo("-ERR increment or decrement would overflow|");
        client.run("HSET h n x");
        assertThat(client.run("HINCRBYFLOAT h n 1")).isEqualTo("-ERR hash value is not a float|");
    }

    @Test
    void picksRandomFields() {
        client.run("HSET h a 1");
        assertThat(client.run("HRANDFIELD h")).isEqualTo("$1|a|");
        assertThat(client.run("HRANDFIELD h 5 WITHVALUES")).isEqualTo("*2|$1|a|$1|1|");
        assertThat(client.run("HRANDFIELD h -2")).isEqualTo("*2|$1|a|$1|a|");
        assertThat(client.run("HRANDFIELD x")).isEqualTo("$-1|");
        assertThat(client.run("HRANDFIELD x 3")).isEqualTo("*0|");
        client.run("HELLO 3");
        assertThat(client.run("HRANDFIELD h 5 WITHVALUES")).isEqualTo("*1|*2|$1|a|$1|1|");
        assertThat(client.run("HGETALL h")).isEqualTo("%1|$1|a|$1|1|");
        assertThat(client.run("HGET h x")).isEqualTo("_|");
    }

    @Test
    void pagesThroughFields() {
        client.run("HSET h a 1 b 2 c 3");
        assertThat(client.run("HSCAN h 0")).isEqualTo("*2|$1|0|*6|$1|a|$1|1|$1|b|$1|2|$1|c|$1|3|");
        assertThat(client.run("HSCAN h 0 MATCH b")).isEqualTo("*2|$1|0|*2|$1|b|$1|2|");
        for (int i = 0; i < 1000; i++) {
            client.run("HSET big f" + i + " v");
        }
        assertThat(client.run("OBJECT ENCODING big")).isEqualTo("$9|hashtable|");
        int found = 0;
        String cursor = "0";
        do {
            String[] reply = client.run("HSCAN big " + cursor + " COUNT 50").split("\\|", -1);
            cursor = reply[2];
            found += (reply.length - 5) / 4;
        } while (!cursor.equals("0"));
        assertThat(found).isEqualTo(1000);
    }
}
