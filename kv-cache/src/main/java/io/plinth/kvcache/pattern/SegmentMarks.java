package io.plinth.kvcache.pattern;

import io.plinth.kvcache.keyspace.Change;
import io.plinth.kvcache.keyspace.ChangeListener;
import io.plinth.kvcache.keyspace.Entry;
import io.plinth.kvcache.keyspace.KeyRef;
import io.plinth.kvcache.keyspace.Keyspace;
import io.plinth.kvcache.keyspace.Segment;
import io.plinth.kvcache.keyspace.write.Annotations;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Guarded by its segment's lock: the marks of a segment's keys and which keys have which tag. Reads the segment's changes while it
 * has any: another value ends lease, soft deadline and absence, but not the tags, so that at worst too much is invalidated.
 */
public final class SegmentMarks implements ChangeListener {
    /** How long a key may be that is marked: what is known of it is kept on the heap. */
    public static final int MOST_KEY = 8192;
    /** How many tags a key may have. */
    public static final int MOST_TAGS = 64;
    /** How long a tag may be. */
    public static final int MOST_TAG = 1024;

    private static final int OVERHEAD = 160;
    private static final int TAG_OVERHEAD = 240;
    private static final int TAGGED_OVERHEAD = 72;
    private static final int LEAST = 64;
    private static final int SWEEP_MILLIS = 1_000;
    private static final int SWEEP_MILLIS_PER_MARK = 16;

    private final Keyspace keyspace;
    private final int index;
    private final Marks all;
    private final Map<KeyName, KeyMark> marks = new HashMap<>();
    private final Map<KeyName, Tag> tagged = new HashMap<>();
    private int sweepAt = LEAST;
    private long sweepFrom;
    /** Read without the lock, to pass by where there is nothing. */
    private volatile int size;

    SegmentMarks(Keyspace keyspace, int index, Marks all) {
        this.keyspace = keyspace;
        this.index = index;
        this.all = all;
    }

    /** A tag and the keys that have it. */
    private record Tag(KeyName name, Set<KeyName> keys) {}

    /** How many there are; may be read without the lock. */
    public int size() {
        return size;
    }

    private @Nullable KeyMark find(KeyRef key) {
        return size == 0 ? null : marks.get(KeyName.of(key));
    }

    /** Whether something can be kept of a key; asked before what it is kept of is changed. */
    public boolean room(KeyRef key, long now) {
        return place(key, now) && (find(key) != null || !keyspace.crowded());
    }

    /** Whether something can be kept of a key, whatever memory there is. */
    public boolean place(KeyRef key, long now) {
        if (find(key) != null) {
            return true;
        }
        // While there is no room each look would go through all of them in vain.
        if (marks.size() >= sweepAt || (all.full() && now >= sweepFrom)) {
            sweep(now);
        }
        return key.length() <= MOST_KEY && !all.full();
    }

    private @Nullable KeyMark make(KeyRef key, long now) {
        return place(key, now) ? make(key) : null;
    }

    private KeyMark make(KeyRef key) {
        KeyName name = KeyName.of(key);
        KeyMark mark = marks.get(name);
        if (mark != null) {
            return mark;
        }
        if (marks.isEmpty()) {
            keyspace.listen(index, this);
        }
        KeyMark made = new KeyMark();
        marks.put(name, made);
        size = marks.size();
        all.count(1);
        keyspace.memory().report(OVERHEAD + key.length());
        return made;
    }

    private void sweep(long now) {
        List<KeyName> idle = new ArrayList<>();
        marks.forEach((name, mark) -> {
            if (mark.idle(now)) {
                idle.add(name);
            }
        });
        idle.forEach(this::forget);
        sweepAt = Math.max(LEAST, 2 * marks.size());
        sweepFrom = now + SWEEP_MILLIS + (long) SWEEP_MILLIS_PER_MARK * marks.size();
    }

    /** Marks that say nothing any more would have each change of the segment told. */
    @Override
    public void visited(long nowMillis) {
        if (nowMillis >= sweepFrom) {
            sweep(nowMillis);
        }
    }

    private void forget(KeyName name) {
        KeyMark mark = marks.remove(name);
        if (mark == null) {
            return;
        }
        untag(name, mark);
        size = marks.size();
        all.count(-1);
        keyspace.memory().report(-(OVERHEAD + name.bytes().length));
        if (marks.isEmpty()) {
            keyspace.unlisten(index, this);
        }
    }

    private void untag(KeyName name, KeyMark mark) {
        for (KeyName each : mark.tags) {
            Tag tag = tagged.get(each);
            if (tag != null && tag.keys.remove(name)) {
                keyspace.memory().report(-TAGGED_OVERHEAD);
                if (tag.keys.isEmpty()) {
                    tagged.remove(each);
                    keyspace.memory().report(-(TAG_OVERHEAD + each.bytes().length));
                }
            }
        }
        mark.tags = List.of();
    }

    @Override
    public void changed(Change change) {
        switch (change.kind()) {
            case FLUSHED -> flushed(change.db());
            case DELETED -> forget(new KeyName(change.db(), change.key()));
            case EXPIRED, EVICTED -> over(new KeyName(change.db(), change.key()));
            case EXPIRY, ANNOTATED -> {}
            default -> renewed(new KeyName(change.db(), change.key()));
        }
    }

    /** The value went by itself: who makes it anew is not late for that. */
    private void over(KeyName name) {
        KeyMark mark = marks.get(name);
        if (mark == null || mark.lease == 0) {
            forget(name);
        } else {
            mark.soft = Entry.NEVER;
            untag(name, mark);
        }
    }

    private void renewed(KeyName name) {
        KeyMark mark = marks.get(name);
        if (mark == null) {
            return;
        }
        mark.soft = Entry.NEVER;
        mark.absentUntil = 0;
        mark.lease = 0;
        if (mark.tags.isEmpty()) {
            forget(name);
        }
    }

    /** Everything of a database was removed, what is not there included. */
    void flushed(int db) {
        KeyRef key = new KeyRef();
        marks.keySet().stream().filter(name -> name.db() == db).toList().forEach(name -> {
            forget(name);
            wake(key.set(keyspace.hasher(), name.db(), name.bytes(), 0, name.bytes().length));
        });
    }

    /** A key was removed that is not there: neither is it known any longer that there is nothing, and who fills it is late. */
    public void gone(KeyRef key) {
        if (size != 0) {
            forget(KeyName.of(key));
            wake(key);
        }
    }

    /** Whether it is remembered that there is nothing for the key. */
    public boolean absent(KeyRef key, long now) {
        KeyMark mark = find(key);
        return mark != null && mark.absentUntil > now;
    }

    /** Remembers that there is nothing; false where no more can be remembered. */
    public boolean absent(KeyRef key, long until, long now) {
        KeyMark mark = make(key, now);
        if (mark == null) {
            return false;
        }
        mark.lease = 0;
        mark.absentUntil = until;
        return true;
    }

    /** From when on the value is stale, where that was said of the key itself. */
    public long soft(KeyRef key) {
        KeyMark mark = find(key);
        return mark == null ? Entry.NEVER : mark.soft;
    }

    /** Says so; false where no more can be remembered. */
    public boolean soft(KeyRef key, long deadline, long now) {
        KeyMark mark = make(key, now);
        if (mark != null) {
            mark.soft = deadline;
        }
        return mark != null;
    }

    /** When the lease on a key ends that somebody has; 0 where nobody has it. */
    public long leased(KeyRef key, long now) {
        KeyMark mark = find(key);
        return mark == null || mark.lease == 0 || mark.leaseUntil <= now ? 0 : mark.leaseUntil;
    }

    /** Gives the right to fill a key, also where somebody has it; false where no more can be remembered. */
    public boolean lease(KeyRef key, long token, long until, long now) {
        KeyMark mark = room(key, now) ? make(key, now) : null;
        if (mark != null) {
            mark.lease = token;
            mark.leaseUntil = until;
            mark.wakes = false;
        }
        return mark != null;
    }

    /** Somebody waits for the end of a lease; whether nobody looks at it then so far. */
    public boolean waits(KeyRef key) {
        KeyMark mark = find(key);
        boolean first = mark != null && !mark.wakes;
        if (mark != null) {
            mark.wakes = true;
        }
        return first;
    }

    /** Has all looked at again who wait for a lease. */
    public void wake(KeyRef key) {
        KeyMark mark = find(key);
        if (mark != null) {
            mark.wakes = false;
        }
        keyspace.at(index).waits().again(key);
    }

    /** Whether a lease still stands: nobody else changed or got the key meanwhile. */
    public boolean holds(KeyRef key, long token) {
        KeyMark mark = find(key);
        return mark != null && token != 0 && mark.lease == token;
    }

    /** Gives a lease back; false where it did not stand. */
    public boolean release(KeyRef key, long token, long now) {
        KeyMark mark = find(key);
        if (mark == null || token == 0 || mark.lease != token) {
            return false;
        }
        mark.lease = 0;
        if (mark.idle(now)) {
            forget(KeyName.of(key));
        }
        return true;
    }

    /** The tags of a key. */
    public List<KeyName> tags(KeyRef key) {
        return size == 0 ? List.of() : tags(KeyName.of(key));
    }

    List<KeyName> tags(KeyName key) {
        KeyMark mark = marks.get(key);
        return mark == null ? List.of() : mark.tags;
    }

    /** Gives a key that is there these tags and no others; false where no more can be remembered. */
    public boolean tags(KeyRef key, List<byte[]> tags, long now) {
        if (!restore(key, tags, now)) {
            return false;
        }
        told(key, now);
        return true;
    }

    /**
     * Gives them to a key that there was {@link #place} for before its value came: what another loop marked meanwhile is one too many,
     * at most one for each loop.
     */
    public void carried(KeyRef key, List<byte[]> tags, long now) {
        tag(key, make(key), tags);
        told(key, now);
    }

    private void told(KeyRef key, long now) {
        Segment segment = keyspace.at(index);
        Entry entry = segment.peek(key, now);
        if (entry != null) {
            keyspace.annotated(segment, entry, Annotations.Kind.TAGS, Marks.kept(tags(key)));
        }
    }

    /** The same, known from before. */
    boolean restore(KeyRef key, List<byte[]> tags, long now) {
        KeyMark mark = make(key, now);
        if (mark == null) {
            return false;
        }
        tag(key, mark, tags);
        return true;
    }

    private void tag(KeyRef key, KeyMark mark, List<byte[]> tags) {
        KeyName name = KeyName.of(key);
        untag(name, mark);
        Set<KeyName> names = new LinkedHashSet<>();
        for (byte[] each : tags) {
            Tag tag = tagged.computeIfAbsent(new KeyName(key.db(), each), this::tag);
            if (tag.keys.add(name)) {
                keyspace.memory().report(TAGGED_OVERHEAD);
            }
            names.add(tag.name);
        }
        mark.tags = List.copyOf(names);
    }

    private Tag tag(KeyName name) {
        keyspace.memory().report(TAG_OVERHEAD + name.bytes().length);
        return new Tag(name, new LinkedHashSet<>());
    }

    /** Some of the keys that have a tag. */
    public List<KeyName> having(KeyName tag, int atMost) {
        Tag found = size == 0 ? null : tagged.get(tag);
        return found == null ? List.of() : found.keys.stream().limit(atMost).toList();
    }
}
