package io.plinth.kvcache.command;

import static org.assertj.core.api.Assertions.assertThat;

import io.plinth.kvcache.cluster.Topologies;
import io.plinth.kvcache.keyspace.Keyspace;
import io.plinth.kvcache.keyspace.rdb.RdbReader;
import io.plinth.kvcache.keyspace.rdb.RdbWriter;
import io.plinth.kvcache.keyspace.value.HashValue;
import io.plinth.kvcache.keyspace.value.Packing;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import org.junit.jupiter.api.Test;

/** Fields that go by themselves, as in Redis 7.4. */
class FieldExpiryTest {
    private final CommandHarness node = new CommandHarness(Topologies.alone());
    private final CommandHarness.Connection client = node.connect();
    private final CommandHarness.Connection listener = node.connect();

    /** Lets time pass; the wheel is visited. */
    private void elapse(long millis) {
        node.now += millis;
        node.keyspace.visits(0, 1, node.now);
        for (int i = 0; i < Keyspace.SEGMENTS; ) {
            i += node.keyspace.expire(i, node.now) ? 1 : 0;
        }
    }

    private void listen() {
        client.run("CONFIG SET notify-keyspace-events Ehgx");
        listener.run("PSUBSCRIBE __keyevent@*__:*");
    }

    private static String message(String event, String key) {
        String channel = "__keyevent@0__:" + event;
        return "*4|$8|pmessage|$16|__keyevent@*__:*|$" + channel.length() + "|" + channel + "|$" + key.length() + "|"
                + key + "|";
    }

    @Test
    void fieldsGoInTimeAndAreToldOfThoughNobodyLooks() {
        client.run("HSET h a 1 b 2 c 3");
        client.run("HSET k a 1");
        listen();
        client.run("HPEXPIRE h 100 FIELDS 1 a");
        client.run("HPEXPIRE h 200 FIELDS 1 b");
        client.run("HPEXPIRE k 150 FIELDS 1 a");
        listener.received();
        elapse(90);
        assertThat(listener.received()).isEmpty();
        elapse(25);
        assertThat(listener.received()).isEqualTo(message("hexpired", "h"));
        elapse(50);
        assertThat(listener.received()).isEqualTo(message("hexpired", "k") + message("del", "k"));
        elapse(50);
        assertThat(listener.received()).isEqualTo(message("hexpired", "h"));
        assertThat(client.run("HGETALL h") + client.run("DBSIZE")).isEqualTo("*2|$1|c|$1|3|:1|");
        assertThat(listener.received()).isEmpty();
    }

    @Test
    void copiesAndRenamedHashesGoOnAndThoseThatArePersistedStay() {
        client.run("HSET h a 1 b 2");
        client.run("HPEXPIRE h 100 FIELDS 1 a");
        client.run("COPY h copy");
        client.run("RENAME h other");
        client.run("HSET kept a 1 b 2");
        client.run("HPEXPIRE kept 100 FIELDS 1 a");
        client.run("HPERSIST kept FIELDS 1 a");
        listen();
        elapse(125);
        String told = listener.received();
        assertThat(told)
                .contains(message("hexpired", "copy"), message("hexpired", "other"))
                .doesNotContain("kept");
        assertThat(client.run("HLEN copy") + client.run("HLEN other") + client.run("HLEN kept"))
                .isEqualTo(":1|:1|:2|");
    }

    @Test
    void theWheelHoldsAPlaceForEachHashAndNotForEachChange() {
        client.run("HSET h a 1 b 2");
        for (int i = 0; i < 20_000; i++) {
            client.run("HPEXPIRE h " + (100_000 + i % 7) + " FIELDS 1 a");
            client.run("PEXPIRE other 100");
        }
        client.run("SET other 1");
        for (int i = 0; i < 5_000; i++) {
            client.run("PEXPIRE other " + (50_000 - i));
        }
        elapse(100_100);
        assertThat(client.run("HGETALL h")).isEqualTo("*2|$1|b|$1|2|");
        assertThat(client.run("EXISTS other")).isEqualTo(":0|");
    }

    @Test
    void aLargeHashIsLookedAtSeldomButShowsNothingThatIsOver() {
        for (int i = 0; i < 50; i++) {
            StringBuilder fields = new StringBuilder("HSET h");
            for (int j = 0; j < 1_000; j++) {
                fields.append(" f").append(i * 1_000 + j).append(" v");
            }
            client.run(fields.toString());
        }
        client.run("HPEXPIRE h 100 FIELDS 1 f1");
        client.run("HPEXPIRE h 115 FIELDS 1 f2");
        elapse(111);
        assertThat(client.run("HGET h f1") + client.run("HGET h f2")).isEqualTo("$-1|$1|v|");
        node.now += 5;
        assertThat(client.run("HGET h f2")).isEqualTo("$-1|");
        elapse(100);
        assertThat(client.run("HLEN h")).isEqualTo(":49998|");
    }

    @Test
    void dumpHasTheirTimes() throws Exception {
        HashValue hash = new HashValue(node.keyspace.hasher());
        for (String field : new String[] {"a", "b", "c"}) {
            hash.put(field.getBytes(StandardCharsets.US_ASCII), new byte[] {'x'}, Packing.DEFAULT);
        }
        hash.expireField(new byte[] {'b'}, 1_000);
        hash.expireField(new byte[] {'c'}, 1_003);
        byte[] dump = RdbWriter.dump(hash);
        // Type 24, the first time, how many, and of each how much later, field and value; then version 12.
        assertThat(Arrays.copyOf(dump, dump.length - 8))
                .containsExactly(
                        24, 0xe8, 3, 0, 0, 0, 0, 0, 0, 3, 0, 1, 'a', 1, 'x', 1, 1, 'b', 1, 'x', 4, 1, 'c', 1, 'x', 12,
                        0);
        assertThat(RdbReader.intact(dump)).isTrue();
        HashValue back = (HashValue) RdbReader.restore(dump, node.keyspace.hasher(), Packing.DEFAULT);
        assertThat(back.size()).isEqualTo(3);
        assertThat(back.fieldExpiry(new byte[] {'a'}, 0, 1)).isZero();
        assertThat(back.fieldExpiry(new byte[] {'b'}, 0, 1)).isEqualTo(1_000);
        assertThat(back.fieldExpiry(new byte[] {'c'}, 0, 1)).isEqualTo(1_003);
    }

    @Test
    void whatIsRestoredGoesInTimeToo() {
        HashValue hash = new HashValue(node.keyspace.hasher());
        hash.put(new byte[] {'a'}, new byte[] {'x'}, Packing.DEFAULT);
        hash.put(new byte[] {'b'}, new byte[] {'x'}, Packing.DEFAULT);
        hash.expireField(new byte[] {'b'}, node.now + 100);
        String dump = new String(RdbWriter.dump(hash), StandardCharsets.ISO_8859_1);
        assertThat(client.call("RESTORE", "h", "0", dump)).isEqualTo("+OK|");
        assertThat(client.run("HPTTL h FIELDS 2 a b")).isEqualTo("*2|:-1|:100|");
        listen();
        elapse(125);
        assertThat(listener.received()).isEqualTo(message("hexpired", "h"));
    }
}
