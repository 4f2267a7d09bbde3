package io.plinth.kvcache.keyspace;

import io.plinth.kvcache.keyspace.value.KeyHash;
import java.util.Arrays;

/** Owned by the thread that runs a command: a key as it lies in the request, hashed once. Reused from command to command. */
public final class KeyRef {
    private byte[] buffer = new byte[0];
    private int offset;
    private int length;
    private int db;
    private int slot;
    private int hash;

    /** Points at a key and computes its slot and hash. */
    public KeyRef set(KeyHash hasher, int db, byte[] buffer, int offset, int length) {
        return set(
                db, buffer, offset, length, Slots.of(buffer, offset, length), hasher.hash(db, buffer, offset, length));
    }

    /** Points at a key whose slot and hash are known. */
    public KeyRef set(int db, byte[] buffer, int offset, int length, int slot, int hash) {
        this.buffer = buffer;
        this.offset = offset;
        this.length = length;
        this.db = db;
        this.slot = slot;
        this.hash = hash;
        return this;
    }

    /** The key's own bytes. */
    public byte[] copy() {
        return Arrays.copyOfRange(buffer, offset, offset + length);
    }

    /** The bytes the key lies in. */
    public byte[] buffer() {
        return buffer;
    }

    /** Where it starts. */
    public int offset() {
        return offset;
    }

    /** How long it is. */
    public int length() {
        return length;
    }

    /** The database. */
    public int db() {
        return db;
    }

    /** The Redis Cluster slot. */
    public int slot() {
        return slot;
    }

    /** The seeded hash, of the database and the key. */
    public int hash() {
        return hash;
    }

    /** Whether both name the same key of the same database. */
    public boolean same(KeyRef other) {
        return hash == other.hash
                && db == other.db
                && Arrays.equals(
                        buffer, offset, offset + length, other.buffer, other.offset, other.offset + other.length);
    }
}
