package io.plinth.kvcache.keyspace;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import java.util.Random;
import org.jspecify.annotations.Nullable;

/** A keyspace with a clock that stands until it is moved. */
final class KeyspaceFixture {
    final Keyspace keyspace;
    long now = 1_000_000;

    KeyspaceFixture(long memory, Eviction eviction) {
        keyspace = new Keyspace(memory, eviction, now, new Random(1));
    }

    KeyRef key(String name) {
        byte[] bytes = name.getBytes(ISO_8859_1);
        return new KeyRef().set(keyspace.hasher(), 0, bytes, 0, bytes.length);
    }

    void put(String name, int size) {
        put(name, size, Entry.NEVER);
    }

    void put(String name, int size, long expireAt) {
        keyspace.makeRoom(size);
        KeyRef key = key(name);
        Segment segment = keyspace.segment(key.slot());
        segment.lock();
        try {
            segment.putString(key, new byte[size], expireAt, now);
        } finally {
            segment.unlock();
        }
    }

    boolean delete(String name) {
        KeyRef key = key(name);
        Segment segment = keyspace.segment(key.slot());
        segment.lock();
        try {
            Entry entry = segment.peek(key, now);
            if (entry != null) {
                segment.delete(entry);
            }
            return entry != null;
        } finally {
            segment.unlock();
        }
    }

    @Nullable
    Entry read(String name) {
        KeyRef key = key(name);
        Segment segment = keyspace.segment(key.slot());
        segment.lock();
        try {
            return segment.read(key, now);
        } finally {
            segment.unlock();
        }
    }

    void verify() {
        keyspace.each(Segment::verify);
    }
}
