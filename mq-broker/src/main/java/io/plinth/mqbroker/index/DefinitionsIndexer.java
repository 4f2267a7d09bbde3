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
 * Owned by the definitions log's writer thread. Keeps the definitions in RocksDB as one snapshot beside the position it covers. It is written anew
 * once a good part of them has changed, so that what it costs is shared by as many changes; a start reads those behind it from the log.
 */
public final class DefinitionsIndexer implements ChangeListener {
    /** The definitions log's number, behind every shard's. */
    public static final int LOG_NUMBER = 0xF0;

    private static final Logger LOG = LoggerFactory.getLogger(DefinitionsIndexer.class);
    private static final byte[] SNAPSHOT = Keys.definitions();

    private static final int FEW = 256;
    /** With one change for so many definitions the snapshot is written anew. */
    private static final int SHARE = 4;

    private final RocksIndex index;
    private final RecoveredDefinitions state;
    private Covered appended = Covered.NOTHING;
    private int changes;

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
        changes++;
        if (change.effect() instanceof Effect.OnDefinitions definition) {
            state.apply(definition);
        }
    }

    @Override
    public void synced() {}

    @Override
    public void idle() {
        if (changes >= FEW && changes >= state.count() / SHARE) {
            checkpoint();
        }
    }

    @Override
    public void closed() {
        if (changes > 0) {
            checkpoint();
        }
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
            changes = 0;
        } catch (RocksDBException | IOException e) {
            LOG.warn("definitions: the index stays behind the log: {}", e.getMessage());
        }
    }
}
