package io.plinth.dbproxy.shard;

import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/** Which shard each key of a lookup table has: the copy in memory that loops read. Safe for use from any thread. */
public final class Directory {
    private final Map<String, String> shards = new ConcurrentHashMap<>();
    private volatile int most;

    /** One that may have so many entries. */
    public Directory(int most) {
        this.most = most;
    }

    /** How many entries it may have from now on. */
    void most(int entries) {
        most = entries;
    }

    /** Whether an entry for the key would be one too many. */
    boolean full(String key) {
        return shards.size() >= most && !shards.containsKey(key);
    }

    /** The shard of a key by its text, or null. */
    @Nullable
    String shard(String key) {
        return shards.get(key);
    }

    public int size() {
        return shards.size();
    }

    /** The first entries from a key on, in order. */
    public Map<String, String> from(String key, int most) {
        Map<String, String> some = new TreeMap<>();
        new TreeMap<>(shards)
                .tailMap(key, true).entrySet().stream()
                        .limit(most)
                        .forEach(entry -> some.put(entry.getKey(), entry.getValue()));
        return some;
    }

    /** {@code shard} null takes the key out. */
    void put(String key, @Nullable String shard) {
        if (shard == null) {
            shards.remove(key);
        } else {
            shards.put(key, shard);
        }
    }
}
