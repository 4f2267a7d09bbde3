package io.plinth.kvcache.persist.effect;

import io.plinth.kvcache.keyspace.Change;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Owned by recovery: changes that count together, until it is known that they do. What a later one of them makes of no moment is forgotten:
 * a transaction may give a long string a new name, or overwrite it, more often than there is heap for.
 */
final class OpenUnit {
    private final List<@Nullable Runnable> changes = new ArrayList<>();
    /** By key, which of them made bytes of a string that none behind them needs. */
    private final Map<Name, List<Integer>> ofKeys = new HashMap<>();

    /** A key by its value. */
    private record Name(int db, byte[] bytes) implements Comparable<Name> {
        /** Clients choose the bytes: of keys with the same hash, a map finds one by its order. */
        @Override
        public int compareTo(Name other) {
            return db == other.db ? Arrays.compareUnsigned(bytes, other.bytes) : Integer.compare(db, other.db);
        }

        @Override
        public boolean equals(@Nullable Object other) {
            return other instanceof Name name && db == name.db && Arrays.equals(bytes, name.bytes);
        }

        @Override
        public int hashCode() {
            return 31 * Arrays.hashCode(bytes) + db;
        }
    }

    /** One that is of no single key. */
    void add(Runnable change) {
        ofKeys.clear();
        changes.add(change);
    }

    /** One of a key. */
    void add(Change change, Runnable done) {
        List<Integer> same = ofKeys.computeIfAbsent(new Name(change.db(), change.key()), k -> new ArrayList<>(1));
        switch (change.kind()) {
            case STRING, DELETED, EXPIRED, EVICTED -> {
                same.forEach(at -> changes.set(at, null));
                same.clear();
            }
            case PART -> {}
            // It may need those before.
            default -> same.clear();
        }
        switch (change.kind()) {
            case STRING, PART -> same.add(changes.size());
            default -> {}
        }
        changes.add(done);
    }

    /** Makes them. */
    void run() {
        for (Runnable change : changes) {
            if (change != null) {
                change.run();
            }
        }
    }
}
