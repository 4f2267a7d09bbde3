package io.plinth.kvcache.loader;

import io.plinth.kvcache.command.Command;
import io.plinth.kvcache.command.CommandExecutor;
import io.plinth.kvcache.command.cache.CachePatterns;
import io.plinth.kvcache.command.cache.Holding;
import io.plinth.kvcache.keyspace.Entry;
import io.plinth.kvcache.keyspace.KeyRef;
import io.plinth.kvcache.keyspace.Keyspace;
import io.plinth.kvcache.keyspace.Segment;
import io.plinth.kvcache.loader.behind.BehindConfig;
import io.plinth.kvcache.loader.behind.BehindQueue;
import io.plinth.kvcache.loader.behind.BehindWrite;
import io.plinth.kvcache.loader.behind.Failure;
import io.plinth.kvcache.loader.behind.Hands;
import io.plinth.kvcache.loader.behind.RefusedWrites;
import io.plinth.kvcache.loader.behind.RocksStore;
import io.plinth.kvcache.pattern.KeyName;
import io.plinth.kvcache.pattern.PatternConfig;
import io.plinth.kvcache.pattern.PatternConfig.WriteMode;
import io.plinth.kvcache.pattern.PatternRule;
import io.plinth.kvcache.pattern.Patterns;
import io.plinth.kvcache.session.Client;
import io.plinth.kvcache.session.ReplyMode;
import io.plinth.kvcache.wire.Args;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ThreadFactory;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/** Shared by all loops: which commands wait for which loaders. */
public final class Loaders implements Holding, AutoCloseable {
    private static final Set<String> READS = Set.of("get", "mget", "strlen", "getrange", "substr", "cache.get");

    private final CachePatterns patterns;
    private final Keyspace keyspace;
    private final Clock clock;
    private final Map<String, LoaderPool> pools;
    private final Map<String, LoaderConfig> configs;
    private final @Nullable BehindQueue behind;
    private final Loads loads;
    private final Writes writes;

    /** {@code pools} by the names of {@code configs}; {@code behind} takes writes for later. */
    public Loaders(
            CachePatterns patterns,
            Keyspace keyspace,
            Clock clock,
            Map<String, LoaderConfig> configs,
            Map<String, LoaderPool> pools,
            @Nullable BehindQueue behind) {
        this.patterns = patterns;
        this.keyspace = keyspace;
        this.clock = clock;
        this.configs = configs;
        this.pools = pools;
        this.behind = behind;
        this.loads = new Loads(patterns, keyspace, clock, behind);
        this.writes = new Writes(patterns, keyspace, clock, pools, configs, behind);
    }

    /** As the file has them. The queue on disk is opened where a pattern needs it, or an earlier start left one. */
    public static Loaders open(
            CachePatterns patterns,
            Keyspace keyspace,
            Clock clock,
            LongSupplier nanos,
            Map<String, LoaderConfig> configs,
            BehindConfig behind,
            Path data,
            Function<String, ThreadFactory> threads)
            throws IOException {
        Path folder = data.resolve("behind");
        boolean needed = patterns.patterns().rules().stream().anyMatch(rule -> rule.write() == WriteMode.BEHIND);
        BehindQueue queue = needed || Files.exists(folder)
                ? new BehindQueue(
                        new RocksStore(folder),
                        behind,
                        new RefusedWrites(
                                data.resolve("behind-refused.jsonl"),
                                behind.refusedBytes().bytes()),
                        clock)
                : null;
        Map<String, LoaderPool> pools = new HashMap<>();
        configs.forEach((name, config) -> pools.put(
                name,
                new LoaderPool(name, config, LoaderPool.loader(name, config), threads.apply("load-" + name), nanos)));
        Loaders loaders = new Loaders(patterns, keyspace, clock, configs, pools, queue);
        loaders.takeUp();
        loaders.start(threads.apply("behind"));
        return loaders;
    }

    /** Whether a file's loaders are those that were opened, and its patterns can be served with them. */
    public boolean fits(Map<String, LoaderConfig> next, Collection<PatternConfig> used) {
        return configs.equals(next)
                && (behind != null || used.stream().noneMatch(each -> each.write() == WriteMode.BEHIND));
    }

    /** The loaders by their names. */
    public Map<String, LoaderPool> pools() {
        return pools;
    }

    /** Writes for later; null where no pattern has any. */
    public @Nullable BehindQueue behind() {
        return behind;
    }

    /** Questions under way. */
    public int loading() {
        return loads.running();
    }

    @Override
    public void admit(Command command, Client client, Args args, boolean atOnce) {
        writes.admit(command, client, args, atOnce);
    }

    @Override
    public boolean holds(CommandExecutor executor, Command command, Client client, Args args, long nowMillis) {
        if (command.is(Command.Flag.WRITE)) {
            return writes.holds(executor, command, client, args);
        }
        return READS.contains(command.name()) && reads(executor, command, client, args, nowMillis);
    }

    private boolean reads(CommandExecutor executor, Command command, Client client, Args args, long now) {
        List<ReadHold.Missing> missing = missing(executor, command, client, args, now);
        if (missing.isEmpty()) {
            return false;
        }
        if (client.replyMode() != ReplyMode.ON) {
            missing.forEach(each -> loads.want(each.key(), each.rule(), each.pool(), executor, client.outlet(), null));
            return false;
        }
        Args kept = args.copy();
        new ReadHold(loads, executor, client, args, () -> missing(executor, command, client, kept, clock.millis()))
                .begin(missing);
        return true;
    }

    /** What is not there of what the command reads; what is stale is asked for, too, but not waited for. */
    private List<ReadHold.Missing> missing(
            CommandExecutor executor, Command command, Client client, Args args, long now) {
        List<ReadHold.Missing> missing = new ArrayList<>();
        Patterns rules = patterns.patterns();
        command.keys(args, 0, (arg, access) -> {
            PatternRule rule = rules.match(client.db(), args.buffer(), args.offset(arg), args.length(arg));
            LoaderPool pool = rule == null || !rule.readThrough() ? null : pools.get(String.valueOf(rule.loader()));
            if (rule == null || pool == null) {
                return;
            }
            KeyRef key =
                    new KeyRef().set(keyspace.hasher(), client.db(), args.buffer(), args.offset(arg), args.length(arg));
            switch (look(key, rule, now)) {
                case MISSING -> missing.add(new ReadHold.Missing(KeyName.of(key), rule, pool));
                case STALE -> {
                    rule.counts().stale.increment();
                    loads.want(KeyName.of(key), rule, pool, executor, client.outlet(), null);
                }
                case RESTING -> rule.counts().stale.increment();
                case ABSENT -> rule.counts().negative.increment();
                case FRESH -> {}
            }
        });
        return missing;
    }

    private enum Look {
        MISSING,
        ABSENT,
        FRESH,
        STALE,
        /** Stale, and somebody makes it anew or failed to a moment ago. */
        RESTING
    }

    private Look look(KeyRef key, PatternRule rule, long now) {
        Segment segment = keyspace.segment(key.slot());
        segment.lock();
        try {
            Entry entry = segment.peek(key, now);
            if (entry == null) {
                return patterns.marks().of(key).absent(key, now) ? Look.ABSENT : Look.MISSING;
            }
            if (patterns.softDeadline(key, entry, rule) > now) {
                return Look.FRESH;
            }
            return patterns.marks().of(key).leased(key, now) == 0 ? Look.STALE : Look.RESTING;
        } finally {
            segment.unlock();
        }
    }

    /**
     * Takes out of the cache what is not as the queue has it: after a crash the queue, which is synced, may know more. Readers then get it
     * from there.
     */
    public void takeUp() throws IOException {
        if (behind == null) {
            return;
        }
        behind.each(write -> places(write, key -> takeUp(key, write.value())));
    }

    /** Where the cache may have a write's key: in the databases whose patterns hand it on to the write's loader. */
    private void places(BehindWrite write, Consumer<KeyRef> seen) {
        for (PatternRule rule : patterns.patterns().rules()) {
            byte[] name = write.key();
            if (rule.write() != WriteMode.NONE
                    && write.loader().equals(rule.loader())
                    && rule.equals(patterns.patterns().match(rule.db(), name, 0, name.length))) {
                seen.accept(new KeyRef().set(keyspace.hasher(), rule.db(), name, 0, name.length));
            }
        }
    }

    private static boolean is(Entry entry, byte @Nullable [] value) {
        return value != null
                && entry.isString()
                && entry.length() == value.length
                && Arrays.equals(entry.string(), value);
    }

    private void takeUp(KeyRef key, byte @Nullable [] value) {
        Segment segment = keyspace.segment(key.slot());
        segment.lock();
        try {
            Entry entry = segment.peek(key, clock.millis());
            if (entry != null && !is(entry, value)) {
                segment.delete(entry);
            }
        } finally {
            segment.unlock();
        }
    }

    /** Takes a refused value out; where there is another one by now, nobody refused that. */
    private void takeOut(KeyRef key, byte @Nullable [] refused) {
        Segment segment = keyspace.segment(key.slot());
        segment.lock();
        try {
            Entry entry = segment.peek(key, clock.millis());
            if (entry != null && is(entry, refused)) {
                segment.delete(entry);
            }
        } finally {
            segment.unlock();
        }
    }

    /** Hands on what was accepted for later. */
    public void start(ThreadFactory threads) {
        if (behind != null) {
            behind.start(
                    new Hands() {
                        @Override
                        public boolean on(BehindWrite write, Consumer<@Nullable Failure> then) {
                            return handOn(write, then);
                        }

                        @Override
                        public void refused(BehindWrite write) {
                            places(write, key -> keyspace.segment(key.slot()).soon(() -> takeOut(key, write.value())));
                        }

                        @Override
                        public int most(String loader) {
                            LoaderPool pool = pools.get(loader);
                            return pool == null ? 1 : pool.mostForLater();
                        }
                    },
                    threads);
        }
    }

    private boolean handOn(BehindWrite write, Consumer<@Nullable Failure> then) {
        LoaderPool pool = pools.get(write.loader());
        if (pool == null) {
            then.accept(new Failure(
                    "no loader '" + write.loader() + "' (expected: one of that name in kv-cache.loaders)", false));
            return true;
        }
        return pool.run(() -> {
            Failure failure = new Failure("stopped", false);
            try {
                pool.write(new LoaderKey(write.key(), write.prefix()), write.value());
                failure = null;
            } catch (LoaderException e) {
                failure = new Failure(e.line(), e.forGood());
            } finally {
                then.accept(failure);
            }
        });
    }

    /** The loader of a name, or null. */
    public @Nullable LoaderPool pool(@Nullable String name) {
        return name == null ? null : pools.get(name);
    }

    @Override
    public void close() {
        if (behind != null) {
            behind.stop();
        }
        pools.values().forEach(LoaderPool::close);
        if (behind != null) {
            behind.close();
        }
    }
}
