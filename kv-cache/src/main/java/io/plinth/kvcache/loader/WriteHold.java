package io.plinth.kvcache.loader;

import io.plinth.kvcache.command.CommandExecutor;
import io.plinth.kvcache.pattern.KeyName;
import io.plinth.kvcache.pattern.PatternRule;
import io.plinth.kvcache.session.Client;
import io.plinth.kvcache.wire.Args;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Owned by the client's loop, but for its turn: a writing command that waits until a loader, or the disk, has what it writes. */
final class WriteHold extends Hold {
    /** Guarded by {@link WriteTurns}: how many of its keys others write first. */
    int ahead;

    private final Writes writes;
    private final PatternRule rule;
    private final LoaderPool pool;
    private final List<Value> values;
    private final Set<KeyName> keys = new LinkedHashSet<>();
    private final long deadline;

    /** A key with its new value, null where it is removed. */
    record Value(KeyName key, byte @Nullable [] value) {}

    WriteHold(
            Writes writes,
            CommandExecutor executor,
            Client client,
            Args args,
            PatternRule rule,
            LoaderPool pool,
            List<Value> values,
            long deadline) {
        super(executor, client, args);
        this.writes = writes;
        this.rule = rule;
        this.pool = pool;
        this.values = values;
        this.deadline = deadline;
        values.forEach(value -> keys.add(value.key()));
    }

    PatternRule rule() {
        return rule;
    }

    LoaderPool pool() {
        return pool;
    }

    List<Value> values() {
        return values;
    }

    Set<KeyName> keys() {
        return keys;
    }

    long deadline() {
        return deadline;
    }

    /** The loader has it: the cache follows. On the client's loop. */
    void accepted() {
        release();
    }

    @Override
    void ran(String error) {
        try {
            if (!error.isEmpty()) {
                // The loader has what the cache could not take.
                writes.drop(this);
            }
        } finally {
            writes.over(this);
        }
    }

    /** The loader does not have it, or may have it. On the client's loop. */
    void failed(String reason, boolean unknown) {
        try {
            if (unknown) {
                writes.drop(this);
            }
        } finally {
            writes.over(this);
            refuse(reason);
        }
    }

    /** The client is gone; what was begun goes on. */
    @Override
    public void abandon() {
        client().blocked(null);
    }
}
