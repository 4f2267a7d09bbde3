package io.plinth.kvcache.persist.snapshot;

import static org.assertj.core.api.Assertions.assertThat;

import io.plinth.kvcache.cluster.Topologies;
import io.plinth.kvcache.command.CommandHarness;
import io.plinth.kvcache.keyspace.rdb.RdbException;
import io.plinth.kvcache.persist.effect.ByteSink;
import io.plinth.kvcache.persist.effect.ChangeRecord;
import io.plinth.kvcache.persist.effect.EffectCodec;
import io.plinth.kvcache.persist.effect.Transactions;
import io.plinth.kvcache.persist.effect.Values;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** An image ends at any moment: what a command began by then is not in it. */
class GatheringTest {
    private final CommandHarness node = new CommandHarness(Topologies.alone());
    private final CommandHarness.Connection client = node.connect();
    private final Gathering gathering = new Gathering(1 << 20);
    private @Nullable ByteSink taken;

    private List<String> made(ByteSink records) throws RdbException {
        Transactions transactions = new Transactions(node.keyspace.databases().now());
        List<ChangeRecord> changes = new ArrayList<>();
        for (ByteBuffer in = ByteBuffer.wrap(records.array(), 0, records.size()); in.hasRemaining(); ) {
            ByteBuffer record = Values.view(in);
            transactions.record(record);
            if (EffectCodec.slot(record) >= 0) {
                changes.add(ChangeRecord.read(record));
            }
        }
        return changes.stream()
                .filter(change -> transactions.made(change.unit()))
                .map(change ->
                        change.kind() + " " + new String(change.key(), java.nio.charset.StandardCharsets.US_ASCII))
                .toList();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "RPUSH list x y",
                "HSET hash f 1 g 2",
                "LTRIM long 1 2",
                "XADD stream MAXLEN 1 7-1 f v",
                "XREADGROUP GROUP g c STREAMS stream >"
            })
    void aCommandIsWholeOrNotThere(String command) throws Exception {
        client.run("RPUSH long a b c d");
        client.run("XADD stream 5-1 f v");
        client.run("XADD stream 6-1 f v");
        client.run("XGROUP CREATE stream g 0");
        node.keyspace.listen(gathering);
        client.run("SET before 1");
        int[] changes = new int[1];
        node.keyspace.listen(change -> {
            if (changes[0]++ == 0) {
                taken = gathering.take(true);
            }
        });
        client.run(command);
        assertThat(changes[0]).isGreaterThan(1);
        ByteSink records = taken;
        assertThat(records).isNotNull();
        assertThat(made(records)).containsExactly("STRING before");
    }
}
