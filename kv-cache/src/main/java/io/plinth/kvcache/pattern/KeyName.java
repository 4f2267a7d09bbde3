package io.plinth.kvcache.pattern;

import io.plinth.kvcache.keyspace.KeyRef;
import java.util.Arrays;

/** Immutable: a key of a database. */
public record KeyName(int db, byte[] bytes) implements Comparable<KeyName> {
    /** The key that lies in a request. */
    public static KeyName of(KeyRef key) {
        return new KeyName(key.db(), key.copy());
    }

    /** Clients choose the bytes: of names with the same hash, a map finds one by its order. */
    @Override
    public int compareTo(KeyName other) {
        return db == other.db ? Arrays.compareUnsigned(bytes, other.bytes) : Integer.compare(db, other.db);
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof KeyName name && db == name.db && Arrays.equals(bytes, name.bytes);
    }

    @Override
    public int hashCode() {
        return 31 * Arrays.hashCode(bytes) + db;
    }

    @Override
    public String toString() {
        return "db " + db + ", " + bytes.length + " bytes";
    }
}
