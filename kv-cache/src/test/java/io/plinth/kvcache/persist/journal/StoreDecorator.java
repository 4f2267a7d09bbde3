package io.plinth.kvcache.persist.journal;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;

/** A store as it is; tests change what they want to go wrong. */
public class StoreDecorator implements JournalStore {
    private final JournalStore store;

    public StoreDecorator(JournalStore store) {
        this.store = store;
    }

    /** What a full disk says. */
    protected static IOException noRoom(Path folder) {
        return NoRoomException.or("test", new IOException("write: No space left on device"), folder, 0);
    }

    @Override
    public void append(ByteBuffer records) throws IOException {
        store.append(records);
    }

    @Override
    public void reserve(long bytes) throws IOException {
        store.reserve(bytes);
    }

    @Override
    public void sync() throws IOException {
        store.sync();
    }

    @Override
    public int roll() throws IOException {
        return store.roll();
    }

    @Override
    public int anew() throws IOException {
        return store.anew();
    }

    @Override
    public void abandon() throws IOException {
        store.abandon();
    }

    @Override
    public void dropBefore(int segment) throws IOException {
        store.dropBefore(segment);
    }

    @Override
    public long bytes() {
        return store.bytes();
    }

    @Override
    public void giveUp() {
        store.giveUp();
    }

    @Override
    public void close() throws IOException {
        store.close();
    }
}
