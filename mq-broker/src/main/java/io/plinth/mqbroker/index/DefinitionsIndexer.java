package io.plinth.mqbroker.index;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.plinth.mqbroker.log.Change;
import io.plinth.mqbroker.log.ChangeCodec;
import io.plinth.mqbroker.log.ChangeListener;
import io.plinth.mqbroker.log.Effect;
import io.plinth.mqbroker.log.SegmentLog;
import java.io.IOException;
import java.util.List;
import org.rocksdb.RocksDBException;
import org.rocksdb.WriteBatch;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Owned by the definitions log's writer thread. Keeps the definitions in RocksDB as one snapshot beside the position it covers; there are
 * few of them and they change rarely.
 */
public final class DefinitionsIndexer implements ChangeListener {
    /** The definitions log's number, behind every shard's. */
    public static final int LOG_NUMBER = 0xF0;

    private static final Logger LOG = LoggerFactory.getLogger(DefinitionsIndexer.class);
    private static final byte[] SNAPSHOT = Keys.definitions();

    private final RocksIndex index;
    private final RecoveredDefinitions state;
    private Covered appended = Covered.NOTHING;
    private Covered written = Covered.NOTHING;

    /** Continues from what {@link #recover} found, which it keeps up to date. */
    public DefinitionsIndexer(RocksIndex index, RecoveredDefinitions state) {
        this.index = index;
        this.state = state;
    }

    /** Reads what the index has and the log behind it, then leaves the log with one segment: a snapshot of what was found. */
    public static RecoveredDefinitions recover(RocksIndex index, SegmentLog log) throws IOException {
        RecoveredDefinitions found = new RecoveredDefinitions();
        Covered covered = Covered.of(index.get(Keys.covered(LOG_NUMBER)));
        byte[] snapshot = index.get(SNAPSHOT);
        if (snapshot == null || !readable(log, covered.position())) {
            covered = Covered.NOTHING;
        } else {
            found.apply(ChangeCodec.readDefinition(Unpooled.wrappedBuffer(snapshot)));
            found.reached(covered.epoch(), covered.sequence());
        }
        log.replay(covered.position(), (position, record) -> {
            Change change = ChangeCodec.read(LOG_NUMBER, position, record);
            found.reached(change.epoch(), change.sequence());
            if (change.effect() instanceof Effect.OnDefinitions definition) {
                found.apply(definition);
            }
        });
        try {
            compact(log, found);
        } catch (IOException e) {
            LOG.warn("definitions: the log stays as long as it is: {}", e.toString());
        }
        return found;
    }

    private static boolean readable(SegmentLog log, long position) {
        try {
            return position != 0 && log.read(position).hasRemaining();
        } catch (IOException e) {
            return false;
        }
    }

    private static void compact(SegmentLog log, RecoveredDefinitions found) throws IOException {
        List<SegmentLog.Segment> old = log.segments();
        if (old.size() < 2) {
            return;
        }
        long previous = found.sequence();
        found.reached(found.epoch(), previous + 1);
        ByteBuf record = Unpooled.buffer();
        ChangeCodec.write(record, new Change(LOG_NUMBER, found.epoch(), previous + 1, previous, found.snapshot()));
        log.append(record.nioBuffer());
        log.roll();
        for (SegmentLog.Segment segment : old) {
            log.drop(segment.id());
        }
    }

    @Override
    public void appended(Change change, long position) {
        appended = new Covered(position, change.epoch(), change.sequence());
        if (change.effect() instanceof Effect.OnDefinitions definition) {
            state.apply(definition);
        }
    }

    @Override
    public void synced() {}

    @Override
    public void idle() {
        if (!appended.equals(written)) {
            checkpoint();
        }
    }

    @Override
    public void closed() {
        idle();
    }

    private void checkpoint() {
        ByteBuf snapshot = Unpooled.buffer();
        ChangeCodec.writeDefinition(snapshot, state.snapshot());
        byte[] bytes = new byte[snapshot.readableBytes()];
        snapshot.readBytes(bytes);
        try (WriteBatch batch = new WriteBatch()) {
            batch.put(SNAPSHOT, bytes);
            batch.put(Keys.covered(LOG_NUMBER), appended.bytes());
            index.write(batch);
            written = appended;
        } catch (RocksDBException | IOException e) {
            LOG.warn("definitions: the index stays behind the log: {}", e.getMessage());
        }
    }
}
