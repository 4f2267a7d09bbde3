package io.plinth.mqbroker.index;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.rocksdb.RocksDBException;
import org.rocksdb.WriteBatch;

/**
 * Owned by its log's writer thread. What an older release's index of a shard knows that the log may not tell any more, since the segments
 * of those records are gone: it is kept while the rest is made anew.
 */
final class OlderIndex {
    private final int shard;
    private final Covered covered;
    private final Map<NetChange.Key, Place> returned = new HashMap<>();

    private OlderIndex(int shard, Covered covered) {
        this.shard = shard;
        this.covered = covered;
    }

    /** Null where there is none. */
    static @Nullable OlderIndex of(RocksIndex index, int shard) throws IOException {
        for (byte[] key : Keys.olderCovered(shard)) {
            Covered covered = Covered.of(index.get(key));
            if (covered.position() > 0) {
                OlderIndex older = new OlderIndex(shard, covered);
                index.scan(Keys.returned(shard), older::returned);
                return older;
            }
        }
        return null;
    }

    /** How far it follows the log. */
    Covered covered() {
        return covered;
    }

    private void returned(byte[] key, byte[] value) {
        ByteBuffer name = ByteBuffer.wrap(key, 2, 16);
        NetChange.Key of = new NetChange.Key(name.getLong(), name.getLong());
        ByteBuffer state = ByteBuffer.wrap(value);
        returned.put(of, new Place(0, Long.MAX_VALUE, 0, 0, 0, null, state.getInt(), state.getLong()));
    }

    /** The log is not the one it followed. */
    void forget() {
        returned.clear();
    }

    /** A message that was copied forward, with how often it came back before. */
    Place moved(NetChange.Key key, Place place) {
        Place before = returned.get(key);
        return before == null ? place : place.returned(before.returns(), before.until());
    }

    /** The new one says it all: a release that looks for the old one finds none. */
    void delete(WriteBatch batch) throws RocksDBException {
        for (byte[] key : Keys.olderCovered(shard)) {
            batch.delete(key);
        }
        batch.deleteRange(Keys.returned(shard), RocksIndex.next(Keys.returned(shard)));
    }
}
