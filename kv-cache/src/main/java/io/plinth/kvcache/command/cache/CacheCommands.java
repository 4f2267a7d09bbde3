package io.plinth.kvcache.command.cache;

import static io.plinth.kvcache.command.Command.Flag.DENYOOM;
import static io.plinth.kvcache.command.Command.Flag.FAST;
import static io.plinth.kvcache.command.Command.Flag.LOCKS_ITSELF;
import static io.plinth.kvcache.command.Command.Flag.NOSCRIPT;
import static io.plinth.kvcache.command.Command.Flag.NO_MULTI;
import static io.plinth.kvcache.command.Command.Flag.READONLY;
import static io.plinth.kvcache.command.Command.Flag.WRITE;

import io.plinth.kvcache.command.Call;
import io.plinth.kvcache.command.CommandException;
import io.plinth.kvcache.command.CommandTable;
import io.plinth.kvcache.command.KeyEvents;
import io.plinth.kvcache.keyspace.Entry;
import io.plinth.kvcache.keyspace.KeyRef;
import io.plinth.kvcache.keyspace.SegmentSet;
import io.plinth.kvcache.pattern.KeyName;
import io.plinth.kvcache.pattern.PatternRule;
import io.plinth.kvcache.pattern.SegmentMarks;
import io.plinth.kvcache.session.Outlet;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** CACHE.*: leases, stale values, absences and tags. */
public final class CacheCommands {
    private static final int[] NONE = {0, 0, 0};
    private static final int[] KEY = {1, 1, 1};
    private static final int[] KEYS = {1, -1, 1};
    private static final long LEASE_MILLIS = 5_000;
    private static final long MOST_MILLIS = 600_000;
    static final String FULL = "OOM limits.cache-marks: no more can be kept of keys (expected: a place, memory,"
            + " and a key of at most 8192 bytes).";

    private final CachePatterns patterns;

    private CacheCommands(CachePatterns patterns) {
        this.patterns = patterns;
    }

    /** Adds them. */
    public static void register(CommandTable.Builder to, CachePatterns patterns) {
        CacheCommands our = new CacheCommands(patterns);
        int write = WRITE | FAST;
        to.group("generic", 0);
        to.add("cache.get", -2, READONLY | FAST, KEY, "Returns a value, or the right to fill it.", our::get);
        to.add("cache.set", -3, write | DENYOOM, KEY, "Fills a key.", our::set);
        to.add("cache.negative", -2, write, KEY, "Remembers that there is nothing.", our::negative);
        to.add("cache.release", 3, READONLY | FAST, KEY, "Gives the right to fill back.", our::release);
        to.add("cache.stale", -2, READONLY | FAST, KEYS, "Makes values stale.", our::stale);
        to.add("cache.tag", -3, READONLY | FAST, KEY, "Adds tags to a key.", our::tag);
        to.add("cache.tags", 2, READONLY | FAST, KEY, "Returns a key's tags.", our::tags);
        int alone = WRITE | LOCKS_ITSELF | NO_MULTI | NOSCRIPT;
        to.add(
                "cache.invalidate",
                -2,
                alone,
                NONE,
                "Removes all keys with one of these tags.",
                call -> Invalidation.begin(call, patterns.marks()));
    }

    private SegmentMarks marks(KeyRef key) {
        return patterns.marks().of(key);
    }

    private @Nullable PatternRule rule(KeyRef key) {
        return patterns.patterns().match(key);
    }

    private void get(Call call) {
        long wait = 0;
        long lease = LEASE_MILLIS;
        for (int i = 2; i < call.count(); i += 2) {
            if (i + 1 < call.count() && call.args().is(i, "WAIT")) {
                wait = call.integer(i + 1, 0, MOST_MILLIS, "WAIT is out of range");
            } else if (i + 1 < call.count() && call.args().is(i, "LEASE")) {
                lease = call.integer(i + 1, 1, MOST_MILLIS, "LEASE is out of range");
            } else {
                throw CommandException.syntax();
            }
        }
        Entry entry = call.readString(1);
        KeyRef key = call.key();
        PatternRule rule = rule(key);
        SegmentMarks marks = marks(key);
        if (entry != null) {
            boolean stale = patterns.softDeadline(key, entry, rule) <= call.now();
            if (stale) {
                patterns.counts(rule).stale.increment();
            }
            boolean wins = stale && marks.leased(key, call.now()) == 0;
            answer(call, wins ? "win" : stale ? "stale" : "hit", entry, wins ? granted(call, key, rule, lease) : 0);
            return;
        }
        if (marks.absent(key, call.now())) {
            patterns.counts(rule).negative.increment();
            answer(call, "absent", null, 0);
            return;
        }
        long until = marks.leased(key, call.now());
        if (until == 0) {
            answer(call, "win", null, granted(call, key, rule, lease));
        } else if (wait > 0) {
            patterns.counts(rule).leaseWaits.increment();
            wakeAt(call, key, until);
            call.block(List.of(1), null, wait, true, call.args());
        } else {
            answer(call, "busy", null, 0);
        }
    }

    /** One of those who wait for a lease has all of them looked at when it ends; a loader's ends with a word from it. */
    private void wakeAt(Call call, KeyRef key, long until) {
        if (until == Long.MAX_VALUE || !call.mayWait() || !marks(key).waits(key)) {
            return;
        }
        byte[] name = key.copy();
        KeyRef kept = new KeyRef().set(call.keyspace().hasher(), key.db(), name, 0, name.length);
        Outlet outlet = call.client().outlet();
        LeaseEnd end = new LeaseEnd(call.executor(), outlet, call.segment(key), marks(key), kept);
        outlet.schedule(until - call.now() + 1, end);
    }

    /** A token, or 0 where no lease can be kept: then it may be filled without. */
    private long granted(Call call, KeyRef key, @Nullable PatternRule rule, long lease) {
        long token = patterns.nextToken();
        if (!marks(key).lease(key, token, call.now() + lease, call.now())) {
            return 0;
        }
        patterns.counts(rule).leases.increment();
        return token;
    }

    private static void answer(Call call, String state, @Nullable Entry value, long token) {
        call.out().array(3);
        call.out().bulk(state);
        call.out().bulkOrNull(value);
        if (token == 0) {
            call.out().nullBulk();
        } else {
            call.out().bulkLong(token);
        }
    }

    private void set(Call call) {
        FillOptions options = FillOptions.parse(call, 3);
        KeyRef key = call.key(1);
        SegmentMarks marks = marks(key);
        if (options.late(marks, key)) {
            call.out().nullBulk();
            return;
        }
        PatternRule rule = rule(key);
        checkTags(rule, options.tags());
        if (options.stale() > 0 && options.ttl() == 0) {
            throw new CommandException("ERR STALE needs EX or PX");
        }
        long now = call.now();
        if ((options.stale() > 0 || !options.tags().isEmpty()) && !marks.room(key, now)) {
            throw new CommandException(FULL);
        }
        if (options.tags().isEmpty() || !call.segment(key).heard()) {
            fill(call, options, key);
        } else {
            // Without its tags the value could not be invalidated.
            SegmentSet.together(call.keyspace(), call.segment(key), () -> {
                fill(call, options, key);
                return key;
            });
        }
    }

    private void fill(Call call, FillOptions options, KeyRef key) {
        SegmentMarks marks = marks(key);
        long now = call.now();
        long hard = options.ttl() == 0 ? Entry.NEVER : now + options.ttl();
        if (options.stale() > 0) {
            // Not by the pattern: the command says itself how long the value is kept.
            call.segment(key)
                    .putString(
                            key,
                            call.args().buffer(),
                            call.args().offset(2),
                            call.args().length(2),
                            hard + options.stale(),
                            now);
        } else {
            call.putString(key, 2, hard);
        }
        call.event(KeyEvents.STRING, "set", 1);
        boolean kept = options.stale() == 0 || marks.soft(key, hard, now);
        if (!kept || !(options.tags().isEmpty() || marks.tags(key, options.tags(), now))) {
            // Another loop took the last place meanwhile.
            Entry entry = call.segment(key).peek(key, now);
            if (entry != null) {
                call.segment(key).delete(entry);
                call.event(KeyEvents.GENERIC, "del", 1);
            }
            throw new CommandException(FULL);
        }
        call.out().ok();
    }

    private static void checkTags(@Nullable PatternRule rule, List<byte[]> tags) {
        if (!tags.isEmpty() && (rule == null || !rule.tags())) {
            throw new CommandException(
                    "ERR TAGS: the key's pattern has none (expected: `tags: true` in kv-cache.patterns)");
        }
    }

    private void negative(Call call) {
        FillOptions options = FillOptions.parse(call, 2);
        KeyRef key = call.key(1);
        SegmentMarks marks = marks(key);
        if (options.stale() > 0 || !options.tags().isEmpty()) {
            throw CommandException.syntax();
        }
        if (options.late(marks, key)) {
            call.out().nullBulk();
            return;
        }
        PatternRule rule = rule(key);
        Entry entry = call.segment(key).peek(key, call.now());
        if (!marks.room(key, call.now())) {
            throw new CommandException(FULL);
        }
        if (entry != null) {
            call.segment(key).delete(entry);
            call.event(KeyEvents.GENERIC, "del", 1);
        }
        long ttl = options.ttl() > 0 ? options.ttl() : rule == null ? FillOptions.ABSENT_MILLIS : rule.negative();
        if (!marks.absent(key, call.now() + ttl, call.now())) {
            throw new CommandException(FULL);
        }
        call.segment(key).waits().again(key);
        call.out().ok();
    }

    private void release(Call call) {
        KeyRef key = call.key(1);
        boolean stood = marks(key).release(key, call.integer(2), call.now());
        if (stood) {
            call.segment(key).waits().again(key);
        }
        call.out().integer(stood ? 1 : 0);
    }

    private void stale(Call call) {
        int found = 0;
        for (int i = 1; i < call.count(); i++) {
            KeyRef key = call.key(i);
            if (call.segment(key).peek(key, call.now()) != null) {
                SegmentMarks marks = marks(key);
                if (!marks.room(key, call.now()) || !marks.soft(key, call.now(), call.now())) {
                    throw new CommandException(FULL);
                }
                found++;
            }
        }
        call.out().integer(found);
    }

    private void tag(Call call) {
        KeyRef key = call.key(1);
        List<byte[]> given = new ArrayList<>();
        for (int i = 2; i < call.count(); i++) {
            given.add(FillOptions.tag(call, i));
        }
        checkTags(rule(key), given);
        if (call.segment(key).peek(key, call.now()) == null) {
            call.out().integer(0);
            return;
        }
        Set<KeyName> all = new LinkedHashSet<>(marks(key).tags(key));
        int before = all.size();
        given.forEach(tag -> all.add(new KeyName(key.db(), tag)));
        if (all.size() > SegmentMarks.MOST_TAGS) {
            throw new CommandException(
                    "ERR TAGS: " + all.size() + " (expected: at most " + SegmentMarks.MOST_TAGS + " of a key)");
        }
        if (call.keyspace().crowded()
                || !marks(key).tags(key, all.stream().map(KeyName::bytes).toList(), call.now())) {
            throw new CommandException(FULL);
        }
        call.out().integer(all.size() - before);
    }

    private void tags(Call call) {
        KeyRef key = call.key(1);
        call.segment(key).peek(key, call.now());
        List<KeyName> tags = marks(key).tags(key);
        call.out().array(tags.size());
        tags.forEach(tag -> call.out().bulk(tag.bytes()));
    }
}
