package io.plinth.kvcache.loader;

import io.plinth.kvcache.command.Command;
import io.plinth.kvcache.command.CommandException;
import io.plinth.kvcache.command.CommandExecutor;
import io.plinth.kvcache.command.cache.CachePatterns;
import io.plinth.kvcache.command.spec.KeySpec;
import io.plinth.kvcache.keyspace.Entry;
import io.plinth.kvcache.keyspace.KeyRef;
import io.plinth.kvcache.keyspace.Keyspace;
import io.plinth.kvcache.keyspace.Segment;
import io.plinth.kvcache.keyspace.SegmentsHeldException;
import io.plinth.kvcache.loader.behind.BehindQueue;
import io.plinth.kvcache.loader.behind.BehindWrite;
import io.plinth.kvcache.pattern.KeyName;
import io.plinth.kvcache.pattern.PatternConfig.WriteMode;
import io.plinth.kvcache.pattern.PatternRule;
import io.plinth.kvcache.session.Client;
import io.plinth.kvcache.wire.Args;
import java.time.Clock;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Shared by all loops: writes that a loader, or the disk, has to have before the cache does. A key's are done one after the other. */
final class Writes {
    private static final int RETRY_MILLIS = 2;

    private final CachePatterns patterns;
    private final Keyspace keyspace;
    private final Clock clock;
    private final Map<String, LoaderPool> pools;
    private final Map<String, LoaderConfig> configs;
    private final @Nullable BehindQueue behind;
    private final WriteTurns turns = new WriteTurns();

    Writes(
            CachePatterns patterns,
            Keyspace keyspace,
            Clock clock,
            Map<String, LoaderPool> pools,
            Map<String, LoaderConfig> configs,
            @Nullable BehindQueue behind) {
        this.patterns = patterns;
        this.keyspace = keyspace;
        this.clock = clock;
        this.pools = pools;
        this.configs = configs;
        this.behind = behind;
    }

    private @Nullable PatternRule rule(Client client, Args args, int arg) {
        PatternRule rule = patterns.patterns().match(client.db(), args.buffer(), args.offset(arg), args.length(arg));
        return rule == null || rule.write() == WriteMode.NONE ? null : rule;
    }

    /** Refuses what could not be handed on. */
    void admit(Command command, Client client, Args args, boolean atOnce) {
        if (WriteCommands.harmless(command)) {
            return;
        }
        command.keys(args, 0, (arg, access) -> {
            PatternRule rule =
                    (access & KeySpec.WRITE) == 0 && !command.name().equals("mset") ? null : rule(client, args, arg);
            if (rule == null) {
                return;
            }
            if (atOnce) {
                throw new CommandException("ERR writes of pattern '" + rule.name()
                        + "' go to a loader (expected: none in transactions and scripts)");
            }
            if (!WriteCommands.known(command)) {
                throw new CommandException("ERR writes of pattern '" + rule.name()
                        + "' go to a loader (expected: SET, SETEX, PSETEX, MSET, DEL or UNLINK)");
            }
        });
        if (WriteCommands.known(command)) {
            written(command, client, args);
        }
    }

    /** What is to be handed on; null for nothing. */
    private @Nullable PatternRule written(Command command, Client client, Args args) {
        PatternRule first = null;
        int others = 0;
        int keys = 0;
        for (int arg = 1; arg < args.count(); arg += command.keyStep()) {
            if (arg >= command.keysEnd(args.count())) {
                break;
            }
            PatternRule rule = rule(client, args, arg);
            keys++;
            if (rule != null && first == null) {
                first = rule;
            }
            others += rule != null && rule.equals(first) ? 0 : 1;
        }
        if (first == null) {
            return null;
        }
        if (others > 0 && keys > 1) {
            throw new CommandException("ERR keys of pattern '" + first.name()
                    + "' go to a loader (expected: no other keys in the same command)");
        }
        WriteCommands.of(command, args);
        return first;
    }

    /** Whether the command waits for a loader or the disk. */
    boolean holds(CommandExecutor executor, Command command, Client client, Args args) {
        PatternRule rule = WriteCommands.known(command) ? written(command, client, args) : null;
        String name = rule == null ? null : rule.loader();
        LoaderPool pool = name == null ? null : pools.get(name);
        LoaderConfig config = name == null ? null : configs.get(name);
        if (rule == null || pool == null || config == null) {
            return false;
        }
        List<WriteHold.Value> values = new ArrayList<>();
        for (WriteCommands.Written each : WriteCommands.of(command, args)) {
            values.add(new WriteHold.Value(
                    new KeyName(client.db(), args.bytes(each.key())),
                    each.value() < 0 ? null : args.bytes(each.value())));
        }
        if (turns.waiting(pool) >= config.waiting()) {
            client.out().error("ERR loader " + pool.name() + ": too many writes wait");
            rule.counts().storeFailures.increment();
            return true;
        }
        WriteHold write = new WriteHold(
                this,
                executor,
                client,
                args,
                rule,
                pool,
                values,
                clock.millis() + 2 * config.timeout().toMillis());
        write.hold();
        if (turns.enter(write, write.keys())) {
            start(write);
        }
        return true;
    }

    private void start(WriteHold write) {
        BehindQueue queue = behind;
        if (write.rule().write() == WriteMode.BEHIND || waits(queue, write)) {
            if (queue == null) {
                fail(write, "write: behind begins with the next start", false);
                return;
            }
            List<BehindWrite> records = new ArrayList<>();
            for (WriteHold.Value each : write.values()) {
                records.add(new BehindWrite(
                        write.pool().name(), each.key().bytes(), write.rule().prefix().length, each.value()));
            }
            queue.accept(
                    records,
                    refusal -> later(write, () -> {
                        if (refusal == null) {
                            write.accepted();
                        } else {
                            write.rule().counts().storeFailures.increment();
                            write.failed(
                                    "ERR loader " + write.pool().name() + ": " + refusal.reason(), refusal.unknown());
                        }
                    }));
        } else if (!write.pool().run(() -> through(write))) {
            fail(write, "too many questions wait", false);
        }
    }

    /** Whether an earlier write of such a key is still to be handed on: a later one must not overtake it. */
    private static boolean waits(@Nullable BehindQueue queue, WriteHold write) {
        return queue != null
                && write.values().stream()
                        .anyMatch(each ->
                                queue.waits(write.pool().name(), each.key().bytes()));
    }

    /** On a thread of the pool. */
    private void through(WriteHold write) {
        boolean any = false;
        try {
            if (clock.millis() > write.deadline()) {
                throw LoaderException.refused("no turn in time");
            }
            for (WriteHold.Value each : write.values()) {
                write.pool()
                        .write(new LoaderKey(each.key().bytes(), write.rule().prefix().length), each.value());
                write.rule().counts().stores.increment();
                any = true;
            }
            later(write, write::accepted);
        } catch (LoaderException e) {
            fail(write, e.line(), any || e.unknown());
        } catch (RuntimeException e) {
            fail(write, String.valueOf(e), true);
        } catch (Error e) {
            fail(write, String.valueOf(e), true);
            throw e;
        }
    }

    private void fail(WriteHold write, String reason, boolean unknown) {
        write.rule().counts().storeFailures.increment();
        later(write, () -> write.failed("ERR loader " + write.pool().name() + ": " + reason, unknown));
    }

    private static void later(WriteHold write, Runnable work) {
        write.client().outlet().later(work);
    }

    /** Takes its keys out of the cache, which may differ from what the loader has. On the client's loop. */
    void drop(WriteHold write) {
        for (KeyName name : write.keys()) {
            drop(write, name);
        }
    }

    private void drop(WriteHold write, KeyName name) {
        KeyRef key = new KeyRef().set(keyspace.hasher(), name.db(), name.bytes(), 0, name.bytes().length);
        Segment segment = keyspace.segment(key.slot());
        try {
            write.executor().change(segment, () -> {
                Entry entry = segment.peek(key, clock.millis());
                if (entry != null) {
                    segment.delete(entry);
                } else {
                    patterns.gone(key);
                }
            });
        } catch (SegmentsHeldException e) {
            write.client().outlet().schedule(RETRY_MILLIS, () -> drop(write, name));
        }
    }

    /** A write is over: the next ones of its keys begin. */
    void over(WriteHold write) {
        turns.leave(write, write.keys()).forEach(this::start);
    }
}
