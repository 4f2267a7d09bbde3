package io.plinth.kvcache.loader;

import io.plinth.kvcache.command.CommandExecutor;
import io.plinth.kvcache.command.cache.CachePatterns;
import io.plinth.kvcache.keyspace.Entry;
import io.plinth.kvcache.keyspace.KeyRef;
import io.plinth.kvcache.keyspace.Keyspace;
import io.plinth.kvcache.keyspace.Segment;
import io.plinth.kvcache.keyspace.SegmentsHeldException;
import io.plinth.kvcache.loader.behind.BehindQueue;
import io.plinth.kvcache.pattern.KeyName;
import io.plinth.kvcache.pattern.PatternRule;
import io.plinth.kvcache.pattern.SegmentMarks;
import io.plinth.kvcache.session.Outlet;
import java.io.IOException;
import java.time.Clock;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Shared by all threads: the questions to loaders that are under way, one for each key. A question has the key's lease, so that its
 * answer is dropped where the key was changed meanwhile. The answer is put into the cache on the loop of who asked first.
 */
final class Loads {
    private static final int RETRY_MILLIS = 2;
    private static final int REST_MILLIS = 1_000;

    private final CachePatterns patterns;
    private final Keyspace keyspace;
    private final Clock clock;
    private final @Nullable BehindQueue behind;
    private final ConcurrentMap<KeyName, Load> running = new ConcurrentHashMap<>();

    /** How a question ended. */
    enum Outcome {
        /** What the loader has is in the cache, or remembered as absent. */
        DONE,
        /** Somebody changed the key meanwhile. */
        OVERTAKEN,
        /** The loader did not answer. */
        FAILED,
        /** There is no room for the answer. */
        NO_ROOM
    }

    /** An outcome with its reason. */
    record Ended(Outcome outcome, String reason) {
        static final Ended DONE = new Ended(Outcome.DONE, "");
    }

    Loads(CachePatterns patterns, Keyspace keyspace, Clock clock, @Nullable BehindQueue behind) {
        this.patterns = patterns;
        this.keyspace = keyspace;
        this.clock = clock;
        this.behind = behind;
    }

    int running() {
        return running.size();
    }

    /** Asks for a key, or joins who asks already. {@code then} runs on any thread; null for a refresh in the background. */
    void want(
            KeyName key,
            PatternRule rule,
            LoaderPool pool,
            CommandExecutor executor,
            Outlet outlet,
            @Nullable Consumer<Ended> then) {
        while (true) {
            Load load = new Load(key, rule, pool, executor, outlet);
            Load present = running.putIfAbsent(key, load);
            if (present == null) {
                if (then != null) {
                    load.join(then);
                }
                load.begin();
                return;
            }
            if (then == null) {
                return;
            }
            if (present.join(then)) {
                rule.counts().coalesced.increment();
                return;
            }
        }
    }

    /** One question. */
    private final class Load {
        private final KeyName name;
        private final PatternRule rule;
        private final LoaderPool pool;
        private final CommandExecutor executor;
        private final Outlet outlet;
        private final KeyRef key;
        private final long token = patterns.nextToken();
        private final List<Consumer<Ended>> waiting = new ArrayList<>();
        private boolean over;
        private Runnable cancelLease = () -> {};

        Load(KeyName name, PatternRule rule, LoaderPool pool, CommandExecutor executor, Outlet outlet) {
            this.name = name;
            this.rule = rule;
            this.pool = pool;
            this.executor = executor;
            this.outlet = outlet;
            this.key = new KeyRef().set(keyspace.hasher(), name.db(), name.bytes(), 0, name.bytes().length);
        }

        synchronized boolean join(Consumer<Ended> then) {
            if (!over) {
                waiting.add(then);
            }
            return !over;
        }

        private SegmentMarks marks() {
            return patterns.marks().of(key);
        }

        void begin() {
            long now = clock.millis();
            boolean leased;
            Segment segment = keyspace.segment(key.slot());
            try {
                segment.lock();
            } catch (SegmentsHeldException e) {
                outlet.schedule(RETRY_MILLIS, this::begin);
                return;
            }
            try {
                leased = marks().lease(key, token, now + pool.leaseMillis(), now);
            } finally {
                segment.unlock();
            }
            rule.counts().loads.increment();
            if (!leased) {
                later(() -> end(new Ended(Outcome.NO_ROOM, "OOM limits.cache-marks: no more keys can be loaded.")));
                return;
            }
            cancelLease = outlet.schedule(
                    pool.leaseMillis(), () -> later(() -> end(failed("no answer in " + pool.leaseMillis() + " ms"))));
            if (!pool.run(this::ask)) {
                later(() -> end(failed("too many questions wait")));
            }
        }

        private Ended failed(String reason) {
            rule.counts().loadFailures.increment();
            return new Ended(Outcome.FAILED, "ERR loader " + pool.name() + ": " + reason);
        }

        /** On a thread of the pool. */
        private void ask() {
            if (over()) {
                // Its lease ended while it waited for its turn: nobody would take the answer.
                return;
            }
            try {
                LoaderKey asked = new LoaderKey(name.bytes(), rule.prefix().length);
                BehindQueue.Pending pending = behind == null ? null : behind.pending(pool.name(), name.bytes());
                Answer answer = pending == null ? pool.load(asked) : Answer.of(pending.value());
                later(() -> put(answer));
            } catch (LoaderException e) {
                later(() -> end(failed(e.line())));
            } catch (IOException | RuntimeException e) {
                later(() -> end(failed(String.valueOf(e))));
            } catch (Error e) {
                later(() -> end(failed(String.valueOf(e))));
                throw e;
            }
        }

        private void later(Runnable work) {
            outlet.later(() -> {
                try {
                    work.run();
                } catch (SegmentsHeldException e) {
                    outlet.schedule(RETRY_MILLIS, () -> later(work));
                } catch (RuntimeException | Error e) {
                    later(() -> end(failed(String.valueOf(e))));
                    throw e;
                }
            });
        }

        private void put(Answer answer) {
            byte[] value = answer.value();
            boolean said = answer.ttlMillis() >= 0;
            long now = clock.millis();
            Segment segment = keyspace.segment(key.slot());
            if (value != null && !patterns.makeRoom(rule, (long) value.length + name.bytes().length)) {
                end(new Ended(Outcome.NO_ROOM, "OOM no room for what loader " + pool.name() + " answered."));
                return;
            }
            Ended[] ended = {new Ended(Outcome.OVERTAKEN, "")};
            executor.change(segment, () -> {
                if (!marks().holds(key, token)) {
                    return;
                }
                if (!executor.policy().loads()) {
                    // Who follows a Redis has what that has, and is emptied after it began to.
                    marks().release(key, token, now);
                    ended[0] = Ended.DONE;
                    return;
                }
                ended[0] = Ended.DONE;
                if (value != null) {
                    segment.putString(
                            key,
                            value,
                            patterns.expireAt(key, said ? now + answer.ttlMillis() : Entry.NEVER, now),
                            now);
                    return;
                }
                Entry old = segment.peek(key, now);
                if (old != null) {
                    segment.delete(old);
                }
                if (!marks().absent(key, now + (said ? answer.ttlMillis() : rule.negative()), now)) {
                    ended[0] = new Ended(Outcome.NO_ROOM, "OOM no room to remember an absence.");
                }
                segment.waits().again(key);
            });
            end(ended[0]);
        }

        private synchronized boolean over() {
            return over;
        }

        private void end(Ended how) {
            if (over()) {
                return;
            }
            if (how.outcome() != Outcome.DONE) {
                try {
                    giveUp();
                } catch (SegmentsHeldException e) {
                    throw e;
                } catch (RuntimeException | Error e) {
                    tell(how);
                    throw e;
                }
            }
            tell(how);
        }

        private void giveUp() {
            Segment segment = keyspace.segment(key.slot());
            executor.change(segment, () -> {
                long now = clock.millis();
                boolean stood = marks().release(key, token, now);
                if (stood && segment.peek(key, now) != null) {
                    // Until then readers of the stale value do not ask again.
                    marks().lease(key, token, now + REST_MILLIS, now);
                }
                segment.waits().again(key);
            });
        }

        private void tell(Ended how) {
            running.remove(name, this);
            cancelLease.run();
            List<Consumer<Ended>> told;
            synchronized (this) {
                if (over) {
                    return;
                }
                over = true;
                told = List.copyOf(waiting);
            }
            told.forEach(each -> each.accept(how));
        }
    }
}
