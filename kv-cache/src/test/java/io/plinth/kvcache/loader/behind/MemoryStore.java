package io.plinth.kvcache.loader.behind;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** Keeps writes on the heap. */
public final class MemoryStore implements BehindStore {
    private final Map<String, byte[]> all = new TreeMap<>();
    public volatile boolean breaks;
    /** No room: writes are refused, and those of {@link #landing} are there nevertheless. */
    public volatile boolean full;

    public volatile boolean landing;
    public volatile @Nullable Error error;
    /** What the next sync does first. */
    public volatile @Nullable Runnable syncing;

    @Override
    public synchronized void write(List<Entry> entries) throws IOException {
        if (breaks) {
            throw new IOException("broken");
        }
        if (full && !landing) {
            throw new NoRoomException("no space left", null);
        }
        for (Entry entry : entries) {
            String key = new String(entry.key(), StandardCharsets.ISO_8859_1);
            if (entry.body() == null) {
                all.remove(key);
            } else {
                all.put(key, entry.body());
            }
        }
    }

    @Override
    public void reopen() throws IOException {
        if (full) {
            throw new NoRoomException("no space left", null);
        }
    }

    @Override
    public void sync() throws IOException {
        if (full) {
            throw new NoRoomException("no space left", null);
        }
        Runnable first = syncing;
        if (first != null) {
            syncing = null;
            first.run();
        }
        Error now = error;
        if (now != null) {
            throw now;
        }
    }

    @Override
    public synchronized byte @Nullable [] get(byte[] key) {
        return all.get(new String(key, StandardCharsets.ISO_8859_1));
    }

    @Override
    public synchronized void scan(Visitor visitor) throws IOException {
        for (Map.Entry<String, byte[]> each : all.entrySet()) {
            visitor.visit(each.getKey().getBytes(StandardCharsets.ISO_8859_1), each.getValue());
        }
    }

    /** How many there are. */
    public synchronized int size() {
        return all.size();
    }

    @Override
    public void close() {}
}
