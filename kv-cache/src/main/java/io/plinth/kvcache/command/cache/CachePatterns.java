package io.plinth.kvcache.command.cache;

import io.plinth.kvcache.command.CachePolicy;
import io.plinth.kvcache.command.Command;
import io.plinth.kvcache.command.Command.Flag;
import io.plinth.kvcache.command.CommandException;
import io.plinth.kvcache.command.CommandExecutor;
import io.plinth.kvcache.command.CommandTable;
import io.plinth.kvcache.command.spec.KeySpec;
import io.plinth.kvcache.keyspace.Entry;
import io.plinth.kvcache.keyspace.KeyRef;
import io.plinth.kvcache.keyspace.Keyspace;
import io.plinth.kvcache.pattern.KeyName;
import io.plinth.kvcache.pattern.Marks;
import io.plinth.kvcache.pattern.Needs;
import io.plinth.kvcache.pattern.PatternConfig;
import io.plinth.kvcache.pattern.PatternCounts;
import io.plinth.kvcache.pattern.PatternRule;
import io.plinth.kvcache.pattern.Patterns;
import io.plinth.kvcache.pattern.Quotas;
import io.plinth.kvcache.pattern.SegmentMarks;
import io.plinth.kvcache.session.Client;
import io.plinth.kvcache.wire.Args;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;
import java.util.random.RandomGenerator;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** Shared by all loops: the patterns as they stand, what is marked at keys, and what was counted. */
public final class CachePatterns implements CachePolicy {
    private final Keyspace keyspace;
    private final Marks marks;
    private final Quotas quotas;
    private final RandomGenerator random;
    private final PatternCounts others = new PatternCounts();
    private final Map<String, PatternCounts> counts = new ConcurrentHashMap<>();
    private final AtomicLong tokens;
    private volatile Patterns patterns = Patterns.NONE;
    private volatile Holding holding = Holding.NONE;

    /** {@code random}: safe for all loops; {@code mostMarks}: how many keys may be marked. */
    public CachePatterns(Keyspace keyspace, int mostMarks, RandomGenerator random) {
        this.keyspace = keyspace;
        this.random = random;
        this.marks = new Marks(keyspace, mostMarks);
        this.quotas = new Quotas(keyspace);
        this.tokens = new AtomicLong(random.nextLong() >>> 2);
    }

    /** Changes the patterns. */
    public void use(Map<String, PatternConfig> given) {
        Patterns next = new Patterns(
                given, name -> counts.computeIfAbsent(name, n -> new PatternCounts()), keyspace.databases()::stored);
        quotas.patterns(next);
        patterns = next;
    }

    /** Names what holds commands back. */
    public void holding(Holding by) {
        holding = by;
    }

    /** The patterns as they stand. */
    public Patterns patterns() {
        return patterns;
    }

    /** What is known of keys beside their values. */
    public Marks marks() {
        return marks;
    }

    /** What was counted for a key. */
    public PatternCounts counts(@Nullable PatternRule rule) {
        return rule == null ? others : rule.counts();
    }

    /** What was counted for keys without a pattern. */
    public PatternCounts others() {
        return others;
    }

    /** A number that no lease had. */
    public long nextToken() {
        return tokens.incrementAndGet();
    }

    /** From when on a value is stale; {@link Entry#NEVER} for never. */
    public long softDeadline(KeyRef key, Entry entry, @Nullable PatternRule rule) {
        long own = marks.of(key).soft(key);
        return own != Entry.NEVER || rule == null ? own : rule.softDeadline(entry.expireAt());
    }

    @Override
    public long expireAt(KeyRef key, long given, long nowMillis) {
        Patterns now = patterns;
        PatternRule rule = now.isEmpty() ? null : now.match(key);
        return rule == null ? given : rule.expireAt(given, nowMillis, random);
    }

    @Override
    public void admit(Command command, Client client, Args args, boolean atOnce) {
        Patterns now = patterns;
        if (now.isEmpty() || !command.is(Flag.WRITE)) {
            return;
        }
        // What is queued is asked for by EXEC, all at once.
        if (now.quotas() && client.transaction() == null) {
            Needs needs = new Needs();
            add(needs, now, command, client, args);
            check(needs);
        }
        holding.admit(command, client, args, atOnce);
    }

    @Override
    public void admitAll(CommandTable table, Client client, List<Args> queued) {
        Patterns now = patterns;
        if (!now.quotas()) {
            return;
        }
        Needs needs = new Needs();
        for (Args args : queued) {
            Command command = table.find(args);
            if (command != null) {
                add(needs, now, command, client, args);
            }
        }
        check(needs);
    }

    private static void add(Needs needs, Patterns now, Command command, Client client, Args args) {
        if (!command.is(Flag.DENYOOM)) {
            return;
        }
        needs.next(args.total() + args.elsewhere());
        command.keys(args, 0, (i, access) -> {
            PatternRule rule = now.match(client.db(), args.buffer(), args.offset(i), args.length(i));
            if (rule != null && rule.hasQuota() && (access & KeySpec.WRITE) != 0) {
                needs.key(rule);
            }
        });
    }

    private void check(Needs needs) {
        PatternRule full = needs.unmet(quotas);
        if (full != null) {
            throw new CommandException("OOM quota of pattern '" + full.name() + "' is used up.");
        }
    }

    @Override
    public boolean room(int db, byte[] key, long bytes) {
        PatternRule rule = patterns.match(db, key, 0, key.length);
        return rule == null || !rule.hasQuota() || quotas.makeRoom(rule, bytes, 1);
    }

    @Override
    public boolean handsOn(int db, byte[] key) {
        PatternRule rule = patterns.match(db, key, 0, key.length);
        return rule != null && rule.write() != PatternConfig.WriteMode.NONE;
    }

    @Override
    public boolean loads() {
        return true;
    }

    @Override
    public boolean holds(CommandExecutor executor, Command command, Client client, Args args, long nowMillis) {
        return !patterns.isEmpty() && holding.holds(executor, command, client, args, nowMillis);
    }

    /** Whether a value the loader gave may be kept: makes room for it. Without a lock. */
    public boolean makeRoom(PatternRule rule, long bytes) {
        return keyspace.makeRoom(bytes) && (!rule.hasQuota() || quotas.makeRoom(rule, bytes, 1));
    }

    @Override
    public Map<String, String> explain(KeyRef key, @Nullable Entry entry, long nowMillis) {
        Map<String, String> known = new LinkedHashMap<>();
        PatternRule rule = patterns.match(key);
        if (rule != null) {
            known.put("pattern", rule.name());
            String loader = rule.loader();
            if (loader != null) {
                String write = rule.write().name().toLowerCase(Locale.ROOT);
                known.put("loader", loader + (rule.readThrough() ? " (read through" : " (") + ", write " + write + ")");
            }
        }
        SegmentMarks marked = marks.of(key);
        long soft = entry == null ? Entry.NEVER : softDeadline(key, entry, rule);
        if (soft != Entry.NEVER) {
            known.put("soft_ttl", soft > nowMillis ? soft - nowMillis + " ms" : "stale");
        }
        if (marked.absent(key, nowMillis)) {
            known.put("absent", "remembered");
        }
        if (marked.leased(key, nowMillis) != 0) {
            known.put("lease", "somebody fills it");
        }
        List<KeyName> tags = marked.tags(key);
        if (!tags.isEmpty()) {
            known.put(
                    "tags",
                    tags.stream()
                            .map(tag -> new String(tag.bytes(), StandardCharsets.UTF_8))
                            .collect(Collectors.joining(", ")));
        }
        return known;
    }

    @Override
    public void exchanged(int one, int other) {
        quotas.exchanged(one, other);
    }

    @Override
    public void flushed(int db) {
        marks.flushed(db);
    }

    @Override
    public Runnable carry(KeyRef from, KeyRef to, long nowMillis) {
        List<byte[]> tags =
                marks.of(from).tags(from).stream().map(KeyName::bytes).toList();
        if (tags.isEmpty()) {
            return () -> {};
        }
        // RENAME takes no memory, and COPY has made room.
        if (!marks.of(to).place(to, nowMillis)) {
            throw new CommandException(CacheCommands.FULL);
        }
        return () -> marks.of(to).carried(to, tags, nowMillis);
    }

    @Override
    public void gone(KeyRef key) {
        marks.of(key).gone(key);
    }
}
