package io.plinth.kvcache.command;

import static org.assertj.core.api.Assertions.assertThat;

import io.plinth.kvcache.cluster.Topologies;
import io.plinth.kvcache.keyspace.Change;
import io.plinth.kvcache.keyspace.Eviction;
import io.plinth.kvcache.keyspace.rdb.RdbWriter;
import io.plinth.kvcache.keyspace.value.StringForm;
import io.plinth.kvcache.keyspace.value.StringValue;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class TransactionTest {
    private final CommandHarness node = new CommandHarness(Topologies.alone());
    private final CommandHarness.Connection client = node.connect();
    private final CommandHarness.Connection other = node.connect();

    @Test
    void runsQueuedCommandsTogether() {
        assertThat(client.run("MULTI")).isEqualTo("+OK|");
        assertThat(client.run("SET a 1")).isEqualTo("+QUEUED|");
        assertThat(client.run("HSET a f v")).isEqualTo("+QUEUED|");
        assertThat(client.run("INCR a")).isEqualTo("+QUEUED|");
        assertThat(client.run("DBSIZE")).isEqualTo("+QUEUED|");
        assertThat(other.run("GET a")).isEqualTo("$-1|");
        assertThat(client.run("EXEC"))
                .isEqualTo("*4|+OK|-WRONGTYPE Operation against a key holding the wrong kind of value|:2|:1|");
        assertThat(client.run("EXEC")).isEqualTo("-ERR EXEC without MULTI|");
    }

    @Test
    void abortsAfterARefusedCommand() {
        client.run("MULTI");
        assertThat(client.run("NOSUCH")).isEqualTo("-ERR unknown command 'NOSUCH', with args beginning with: |");
        client.run("SET a 1");
        assertThat(client.run("EXEC")).isEqualTo("-EXECABORT Transaction discarded because of previous errors.|");
        assertThat(client.run("GET a")).isEqualTo("$-1|");
        assertThat(client.run("DISCARD")).isEqualTo("-ERR DISCARD without MULTI|");
        client.run("MULTI");
        assertThat(client.run("MULTI")).isEqualTo("-ERR MULTI calls can not be nested|");
        assertThat(client.run("WATCH a")).isEqualTo("-ERR WATCH inside MULTI is not allowed|");
        assertThat(client.run("DISCARD")).isEqualTo("+OK|");
    }

    private String watchedThen(String change) {
        client.run("SET a 1");
        client.run("WATCH a");
        other.run(change);
        client.run("MULTI");
        client.run("PING");
        return client.run("EXEC");
    }

    @Test
    void doesNothingWhenAWatchedKeyChanged() {
        assertThat(watchedThen("SET a 1")).isEqualTo("*-1|");
        assertThat(watchedThen("DEL a")).isEqualTo("*-1|");
        assertThat(watchedThen("EXPIRE a 10")).isEqualTo("*-1|");
        assertThat(watchedThen("FLUSHALL")).isEqualTo("*-1|");
        assertThat(watchedThen("RENAME a b")).isEqualTo("*-1|");
        assertThat(watchedThen("SET b 1")).isEqualTo("*1|+PONG|");
        assertThat(watchedThen("GET a")).isEqualTo("*1|+PONG|");
    }

    @Test
    void doesNothingWhenAWatchedKeyExpired() {
        client.run("SET a 1 PX 10");
        client.run("WATCH a");
        node.now += 11;
        client.run("MULTI");
        client.run("PING");
        assertThat(client.run("EXEC")).isEqualTo("*-1|");
    }

    @Test
    void forgetsWhatWasWatched() {
        client.run("SET a 1");
        client.run("WATCH a");
        other.run("SET a 2");
        client.run("UNWATCH");
        client.run("MULTI");
        assertThat(client.run("EXEC")).isEqualTo("*0|");
        client.run("WATCH a");
        client.run("MULTI");
        client.run("DISCARD");
        other.run("SET a 3");
        client.run("MULTI");
        assertThat(client.run("EXEC")).isEqualTo("*0|");
    }

    @Test
    void theChangesOfATransactionAreOneUnit() {
        List<Change> changes = new ArrayList<>();
        node.keyspace.listen(changes::add);
        client.run("SET x 1");
        client.run("MULTI");
        client.run("SET a 1");
        client.run("SET b 1");
        client.run("EXEC");
        client.run("SET y 1");

        assertThat(changes).extracting(Change::unit).containsExactly(0L, 1L, 1L, 0L);
    }

    @Test
    void whatAWaitingMoveTakesAndPutsIsOneUnit() {
        List<Change> changes = new ArrayList<>();
        node.keyspace.listen(changes::add);
        CommandHarness.Connection waiting = node.connect();
        waiting.call("BLMOVE", "from", "to", "LEFT", "LEFT", "0");
        client.run("RPUSH from x");
        client.run("MULTI");
        client.run("RPUSH from y");
        client.run("EXEC");

        assertThat(changes).hasSize(4);
        long unit = changes.get(1).unit();
        assertThat(unit).isPositive();
        assertThat(changes).extracting(Change::unit).containsExactly(0L, unit, unit, unit + 1);
        assertThat(waiting.received()).isEqualTo("$1|x|");
    }

    @Test
    void aKeyThatIsRestoredOverAnotherIsOneUnit() {
        client.run("SET k 1");
        List<Change> changes = new ArrayList<>();
        node.keyspace.listen(changes::add);
        byte[] dump = RdbWriter.dump(new StringValue("v".getBytes(StandardCharsets.ISO_8859_1), StringForm.STORED));
        client.call("RESTORE", "k", "0", new String(dump, StandardCharsets.ISO_8859_1), "REPLACE");

        assertThat(client.run("GET k")).isEqualTo("$1|v|");
        assertThat(changes).hasSize(2);
        assertThat(changes.getFirst().unit())
                .isPositive()
                .isEqualTo(changes.getLast().unit());
    }

    @Test
    void aMoveThatATransactionServesIsMadeBehindIt() {
        List<Change> changes = new ArrayList<>();
        node.keyspace.listen(changes::add);
        CommandHarness.Connection waiting = node.connect();
        waiting.call("BLMOVE", "from", "to", "LEFT", "LEFT", "0");
        client.run("MULTI");
        client.run("RPUSH from y");
        client.run("SET from2 1");
        client.run("EXEC");

        assertThat(client.run("LLEN to")).isEqualTo(":1|");
        long unit = changes.getFirst().unit();
        assertThat(changes).extracting(Change::unit).containsExactly(unit, unit, unit + 1, unit + 1);
        assertThat(waiting.received()).isEqualTo("$1|y|");
    }

    @Test
    void refusesWritesWithoutMemory() {
        CommandHarness full = new CommandHarness(Topologies.alone(), 1 << 20, Eviction.NONE, null);
        CommandHarness.Connection writer = full.connect();
        String value = "v".repeat(10_000);
        String reply = "";
        for (int i = 0; i < 200; i++) {
            reply = writer.call("SET", "k" + i, value);
        }
        assertThat(reply).isEqualTo("-OOM command not allowed when used memory > 'maxmemory'.|");
        assertThat(writer.run("GET k0")).startsWith("$10000|");
        assertThat(writer.run("DEL k0")).isEqualTo(":1|");
        writer.run("MULTI");
        assertThat(writer.call("SET", "big", "v".repeat(50_000)))
                .isEqualTo("-OOM command not allowed when used memory > 'maxmemory'.|");
        assertThat(writer.run("EXEC")).isEqualTo("-EXECABORT Transaction discarded because of previous errors.|");
    }

    /** As in Redis: before it begins, so that nothing of it is done where there is no room for all. */
    @Test
    void refusesCommandsWithManyElementsAsAWhole() {
        CommandHarness full = new CommandHarness(Topologies.alone(), 4 << 20, Eviction.NONE, null);
        CommandHarness.Connection writer = full.connect();
        String[][] writes = {{"RPUSH", "l"}, {"SADD", "s"}, {"HSET", "h"}, {"ZADD", "z"}, {"XADD", "x", "*"}};
        String[] sizes = {"LLEN l", "SCARD s", "HLEN h", "ZCARD z", "XLEN x"};
        for (int kind = 0; kind < writes.length; kind++) {
            writer.run("FLUSHALL");
            String reply = ":";
            String before = "";
            for (int round = 0; round < 2_000 && !reply.startsWith("-"); round++) {
                before = writer.run(sizes[kind]);
                List<String> words = new ArrayList<>(List.of(writes[kind]));
                for (int i = 0; i < 100; i++) {
                    words.add("" + (round * 100 + i));
                    words.add("m" + round + "-" + i + "-" + "v".repeat(i));
                }
                reply = writer.call(words.toArray(String[]::new));
            }
            assertThat(reply).isEqualTo("-OOM command not allowed when used memory > 'maxmemory'.|");
            assertThat(writer.run(sizes[kind])).isEqualTo(before);
        }
    }

    @Test
    void commandsQueuedByAllClientsShareOneLimit() {
        client.run("MULTI");
        String reply = "";
        for (int i = 0; i < 30; i++) {
            reply = client.call("SET", "k", "v".repeat(60_000));
        }
        assertThat(reply).startsWith("-OOM ");
        assertThat(client.run("EXEC")).startsWith("-EXECABORT ");
        client.run("MULTI");
        assertThat(client.call("SET", "k", "v".repeat(60_000))).isEqualTo("+QUEUED|");
    }
}
