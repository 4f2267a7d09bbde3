package io.plinth.mqbroker.log;

import io.plinth.mqbroker.wire.FieldTable;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentSkipListMap;
import org.jspecify.annotations.Nullable;

/**
 * Virtual hosts, users, permissions, policies and parameters by kind and key. One writer; any number of readers, who see each entry whole
 * and know by {@link #version} that something changed.
 */
public final class Settings {
    public static final String VHOST = "vhost";
    public static final String USER = "user";
    public static final String USER_LIMITS = "user-limits";
    public static final String PERMISSION = "permission";
    public static final String TOPIC_PERMISSION = "topic-permission";
    public static final String POLICY = "policy";
    public static final String OPERATOR_POLICY = "operator-policy";
    public static final String PARAMETER = "parameter";
    public static final String GLOBAL_PARAMETER = "global-parameter";
    /** What was done once for a new data folder. */
    public static final String DONE = "done";

    private static final char SEPARATOR = 0;

    private final Map<String, ConcurrentSkipListMap<String, FieldTable>> kinds = new ConcurrentHashMap<>();
    private volatile long version;

    /** One key of several names; none of them may hold a NUL. */
    public static String key(String... names) {
        return String.join(String.valueOf(SEPARATOR), names);
    }

    /** The names of a key. */
    public static List<String> names(String key) {
        List<String> names = new ArrayList<>();
        int from = 0;
        for (int at = key.indexOf(SEPARATOR); at >= 0; at = key.indexOf(SEPARATOR, from)) {
            names.add(key.substring(from, at));
            from = at + 1;
        }
        names.add(key.substring(from));
        return names;
    }

    public @Nullable FieldTable get(String kind, String key) {
        return all(kind).get(key);
    }

    /** All of a kind, by key. */
    public SortedMap<String, FieldTable> all(String kind) {
        return kinds.computeIfAbsent(kind, ignored -> new ConcurrentSkipListMap<>());
    }

    /** Changes with every change. */
    public long version() {
        return version;
    }

    /** Applies a change; what belongs to a virtual host or user goes with it. */
    @SuppressWarnings("NonAtomicVolatileUpdate")
    public void apply(Effect.Setting change) {
        FieldTable value = change.value();
        if (value != null) {
            all(change.kind()).put(change.key(), value);
        } else {
            all(change.kind()).remove(change.key());
            cascade(change.kind(), change.key());
        }
        version++;
    }

    private void cascade(String kind, String key) {
        if (kind.equals(USER)) {
            all(USER_LIMITS).remove(key);
            removeWhere(PERMISSION, 0, key);
            removeWhere(TOPIC_PERMISSION, 0, key);
        } else if (kind.equals(VHOST)) {
            removeWhere(PERMISSION, 1, key);
            removeWhere(TOPIC_PERMISSION, 1, key);
            removeWhere(POLICY, 0, key);
            removeWhere(OPERATOR_POLICY, 0, key);
            removeWhere(PARAMETER, 0, key);
        }
    }

    private void removeWhere(String kind, int part, String name) {
        all(kind).keySet().removeIf(key -> names(key).get(part).equals(name));
    }

    /** Everything as changes that make it again. */
    public List<Effect.Setting> changes() {
        List<Effect.Setting> changes = new ArrayList<>();
        kinds.forEach(
                (kind, entries) -> entries.forEach((key, value) -> changes.add(new Effect.Setting(kind, key, value))));
        return changes;
    }

    /** Takes everything away. */
    @SuppressWarnings("NonAtomicVolatileUpdate")
    public void clear() {
        kinds.clear();
        version++;
    }
}
