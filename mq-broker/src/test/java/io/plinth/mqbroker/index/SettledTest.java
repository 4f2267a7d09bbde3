package io.plinth.mqbroker.index;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;

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
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What a settlement says of its messages is enough to take them from the index, however they are found there. */
class SettledTest {
    private static final int SHARD = 3;
    private static final long QUEUE = 1;
    private static final long UNTIL = 5000;
    private static final int MESSAGES = 3;
    private static final Content CONTENT = new Content("", "key", new byte[2], new byte[10]);

    @TempDir
    Path folder;

    private final Message[] messages = new Message[MESSAGES];
    private long sequence;

    private SegmentLog log() throws IOException {
        return PreallocatedSegmentLog.open(folder.resolve("log"), 1 << 20);
    }

    private long append(ShardIndexer indexer, SegmentLog log, Effect effect) throws IOException {
        sequence++;
        Change change = new Change(SHARD, 1, sequence, sequence - 1, effect);
        ByteBuf out = Unpooled.buffer();
        ChangeCodec.write(out, change);
        long position = log.append(out.nioBuffer());
        indexer.appended(change, position);
        return position;
    }

    /** One that is handed out at once, one that waits, and one with a priority that waits. */
    private void enter(ShardIndexer indexer, SegmentLog log) throws IOException {
        for (int i = 0; i < MESSAGES; i++) {
            Effect.Hold hold = i == 0 ? null : new Effect.Hold(0, UNTIL);
            List<Effect.Target> targets =
                    List.of(new Effect.Target(QUEUE, Long.MAX_VALUE, i == 2 ? 7 : 0, null, null, hold));
            messages[i] = new Message(CONTENT);
            messages[i].position(append(indexer, log, new Effect.Enqueued(targets, messages[i], CONTENT)));
        }
        indexer.closed();
    }

    private Effect.Settled settlement() {
        return new Effect.Settled(
                QUEUE, new long[] {1, 2, 3}, List.of(messages), new byte[] {0, 0, 7}, new long[] {0, UNTIL, UNTIL});
    }

    private static ShardIndexer.Opened open(RocksIndex index, SegmentLog log) throws IOException {
        return ShardIndexer.open(SHARD, index, log, Set.of(QUEUE), Set.of());
    }

    @Test
    void leavesNothingBehind() throws Exception {
        try (RocksIndex index = new RocksIndex(folder.resolve("index"))) {
            try (SegmentLog log = log()) {
                ShardIndexer indexer = open(index, log).indexer();
                enter(indexer, log);
                QueuePages pages = new QueuePages(SHARD, index);
                assertThat(pages.readTimed(QUEUE, 0, 0, 10).rows()).hasSize(2);
                append(indexer, log, settlement());
                log.sync();
                indexer.closed();
                for (byte[] rows :
                        List.of(Keys.messages(SHARD), Keys.times(SHARD), Keys.lanes(SHARD), Keys.ledger(SHARD))) {
                    index.scan(rows, (key, value) -> assertThat(key).as("a row").isNull());
                }
            }
            try (SegmentLog log = log()) {
                assertThat(open(index, log).recovered().holdings(QUEUE)).isEmpty();
            }
        }
    }

    @Test
    void doesNotAskTheIndex() throws Exception {
        try (SegmentLog log = log()) {
            RocksIndex index = new RocksIndex(folder.resolve("index"));
            ShardIndexer indexer = open(index, log).indexer();
            enter(indexer, log);
            index.close();
            assertThatCode(() -> append(indexer, log, settlement())).doesNotThrowAnyException();
        }
    }
}
