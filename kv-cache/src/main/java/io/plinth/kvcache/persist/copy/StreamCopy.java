package io.plinth.kvcache.persist.copy;

import io.plinth.kvcache.keyspace.rdb.RdbException;
import io.plinth.kvcache.keyspace.rdb.RdbFileWriter;
import io.plinth.kvcache.keyspace.rdb.RdbWriter;
import io.plinth.kvcache.keyspace.stream.StreamId;
import io.plinth.kvcache.keyspace.value.Packing;
import io.plinth.kvcache.keyspace.value.StreamValue;
import io.plinth.kvcache.persist.effect.StreamChange;
import io.plinth.kvcache.persist.snapshot.LargeValue;
import java.io.IOException;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Owned by the thread that makes copies: streams. Entries go from where they lie into nodes and into the spool, as the number of nodes stands
 * before them; what is held is what a stream counts, its groups, and which entries came and went since the image had it.
 */
final class StreamCopy {
    /** What is packed into nodes together. */
    private static final int CHUNK = 256 << 10;

    private final Spool spool;
    private final ChangeFile changes;
    private final long memory;
    private final RdbWriter nodes;
    private StreamValue chunk = new StreamValue();
    private long count;
    private long size;
    private StreamId first = StreamId.MIN;

    StreamCopy(Spool spool, ChangeFile changes, long memory) {
        this.spool = spool;
        this.changes = changes;
        this.memory = memory;
        this.nodes = RdbWriter.ofVersion10(spool, 0);
    }

    private void begin() {
        spool.clear();
        chunk = new StreamValue();
        count = 0;
        size = 0;
        first = StreamId.MIN;
    }

    private void entry(StreamId id, List<byte[]> fields) throws RdbException {
        if (chunk.size() > 0 && id.compareTo(chunk.top()) <= 0) {
            throw new RdbException("entry " + id + " (expected: one behind " + chunk.top() + ")");
        }
        first = size == 0 ? id : first;
        size++;
        chunk.append(id, fields, Packing.DEFAULT);
        if (chunk.bytes() > CHUNK) {
            flush();
        }
    }

    private void flush() {
        count += chunk.nodes();
        nodes.nodes(chunk);
        chunk = new StreamValue();
    }

    private void end(RdbWriter to, RdbFileWriter out, StreamValue counts) {
        flush();
        to.length(count);
        spool.moveTo(out);
        to.counts(counts, size, first);
    }

    /** Writes one that did not change. */
    void write(LargeValue large, int db, RdbFileWriter out) throws IOException {
        begin();
        StreamValue counts = new StreamValue();
        read(large, counts, null);
        end(out.key(db, large.key(), ChangedKey.expiry(large.expireAt()), RdbWriter.STREAM_LISTPACKS_2), out, counts);
    }

    private void read(LargeValue large, StreamValue counts, @Nullable StreamEdits edits) throws IOException {
        for (int i = 0; i < large.parts(); i++) {
            large.stream(i, counts, (id, fields) -> {
                if (edits == null || edits.keeps(id)) {
                    entry(id, fields);
                }
            });
            if (counts.bytes() > memory) {
                throw new IOException(CopyWriter.tooMuch(memory));
            }
        }
    }

    private void entries(StreamValue before, StreamEdits edits) throws RdbException {
        RdbException[] failed = new RdbException[1];
        before.forEach((id, fields) -> {
            try {
                if (edits.keeps(id)) {
                    entry(id, fields);
                }
                return true;
            } catch (RdbException e) {
                failed[0] = e;
                return false;
            }
        });
        if (failed[0] != null) {
            throw failed[0];
        }
    }

    /** Writes one that changed. */
    void write(ChangedKey key, RdbFileWriter out) throws IOException {
        begin();
        StreamEdits edits = new StreamEdits();
        key.forEach((change, valueAt) -> {
            edits.change(StreamChange.read(change), valueAt);
            if (edits.bytes() > memory) {
                throw new RdbException(CopyWriter.tooMuch(memory));
            }
        });
        StreamValue counts = key.value() instanceof StreamValue before ? before : new StreamValue();
        LargeValue large = key.large();
        try {
            if (large != null) {
                read(large, counts, edits);
            } else {
                entries(counts, edits);
            }
            key.forEach((change, valueAt) -> StreamChange.read(change).count(counts));
            edits.added((id, valueAt) -> entry(id, StreamChange.fields(changes.at(valueAt))));
        } catch (RdbException e) {
            throw new IOException("copy: a change does not fit its stream: " + e.getMessage(), e);
        }
        end(key.begin(out, RdbWriter.STREAM_LISTPACKS_2), out, counts);
    }
}
