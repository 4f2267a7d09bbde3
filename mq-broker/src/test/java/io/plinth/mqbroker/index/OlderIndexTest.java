package io.plinth.mqbroker.index;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.plinth.mqbroker.log.Change;
import io.plinth.mqbroker.log.ChangeCodec;
import io.plinth.mqbroker.log.Content;
import io.plinth.mqbroker.log.Effect;
import io.plinth.mqbroker.log.Message;
import io.plinth.mqbroker.log.PreallocatedSegmentLog;
import io.plinth.mqbroker.log.SegmentLog;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.rocksdb.WriteBatch;

/** A start with the index of the release before: what only that knows, since its records went with their segment, is known on. */
class OlderIndexTest {
    private static final int SHARD = 3;
    private static final long QUEUE = 1;
    private static final Content CONTENT = new Content("", "key", new byte[2], new byte[10]);
    private static final Effect.Dedup DEDUP = new Effect.Dedup("key", Long.MAX_VALUE);

    @TempDir
    Path folder;

    private long sequence;

    private void append(ShardIndexer indexer, SegmentLog log, Effect effect) throws IOException {
        sequence++;
        ByteBuf out = Unpooled.buffer();
        Change change = new Change(SHARD, 1, sequence, sequence - 1, effect);
        ChangeCodec.write(out, change);
        indexer.appended(change, log.append(out.nioBuffer()));
    }

    private static List<Effect.Target> target(Effect.Dedup dedup) {
        return List.of(new Effect.Target(QUEUE, Long.MAX_VALUE, 0, null, dedup, null));
    }

    private static ShardIndexer.Opened open(RocksIndex index, SegmentLog log) throws IOException {
        return ShardIndexer.open(SHARD, index, log, Set.of(QUEUE), Set.of());
    }

    private SegmentLog log() throws IOException {
        return PreallocatedSegmentLog.open(folder.resolve("log"), 1 << 20);
    }

    /** One message was consumed whose key is remembered, one came back and was copied forward; the records of that are gone. */
    private void lived(RocksIndex index) throws Exception {
        try (SegmentLog log = log()) {
            ShardIndexer indexer = open(index, log).indexer();
            append(indexer, log, new Effect.Enqueued(target(DEDUP), new Message(CONTENT), CONTENT));
            append(
                    indexer,
                    log,
                    new Effect.Enqueued(
                            List.of(new Effect.Target(QUEUE, Long.MAX_VALUE)), new Message(CONTENT), CONTENT));
            append(indexer, log, new Effect.DeliveredUpTo(QUEUE, 2));
            append(indexer, log, new Effect.Returned(QUEUE, 2, 3, 5000));
            append(indexer, log, new Effect.Settled(QUEUE, 1));
            log.roll();
            append(
                    indexer,
                    log,
                    new Effect.Moved(
                            2, List.of(new Effect.Target(QUEUE, Long.MAX_VALUE)), new Message(CONTENT), CONTENT));
            log.sync();
            indexer.closed();
            assertThat(log.segments()).extracting(SegmentLog.Segment::id).containsExactly(2);
        }
    }

    /** Leaves the index as the older release did, which follows the log up to there. */
    private static void makeOlder(RocksIndex index, byte[] covered) throws Exception {
        try (WriteBatch batch = new WriteBatch()) {
            batch.put(Keys.olderCovered(SHARD).getFirst(), covered);
            batch.delete(Keys.followed(SHARD));
            byte[] of = Keys.message(SHARD, QUEUE, 2);
            of[0] = Keys.returned(SHARD)[0];
            batch.put(of, ByteBuffer.allocate(12).putInt(3).putLong(5000).array());
            index.write(batch);
        }
    }

    private static Place place(RocksIndex index) throws IOException {
        return Place.of(Objects.requireNonNull(index.get(Keys.message(SHARD, QUEUE, 2))));
    }

    @Test
    void whatOnlyItKnowsIsKept() throws Exception {
        try (RocksIndex index = new RocksIndex(folder.resolve("index"))) {
            lived(index);
            makeOlder(index, Objects.requireNonNull(index.get(Keys.followed(SHARD))));
            for (int start = 0; start < 2; start++) {
                try (SegmentLog log = log()) {
                    RecoveredShard recovered = open(index, log).recovered();
                    assertThat(recovered.deliveredUpTo(QUEUE)).isEqualTo(2);
                    assertThat(recovered.remembered(QUEUE)).containsExactly(Map.entry(1L, DEDUP));
                    assertThat(recovered.holdings(QUEUE))
                            .containsExactly(Map.entry(Holding.TIMED, new Holding(1, CONTENT.body().length)));
                }
                assertThat(place(index).returns()).isEqualTo(3);
                assertThat(place(index).until()).isEqualTo(5000);
                assertThat(OlderIndex.of(index, SHARD)).isNull();
            }
            index.scan(
                    Keys.returned(SHARD),
                    (key, value) -> assertThat(key).as("left behind").isNull());
        }
    }

    @Test
    void ofAnotherLogNothingIsKept() throws Exception {
        try (RocksIndex index = new RocksIndex(folder.resolve("index"))) {
            lived(index);
            makeOlder(index, new Covered(SegmentLog.position(9, 8), 1, 100).bytes());
            try (SegmentLog log = log()) {
                RecoveredShard recovered = open(index, log).recovered();
                assertThat(recovered.deliveredUpTo(QUEUE)).isZero();
                assertThat(recovered.remembered(QUEUE)).isEmpty();
                assertThat(recovered.sequence()).isEqualTo(6);
            }
            assertThat(place(index).returns()).isZero();
        }
    }
}
