package io.plinth.kvcache.command;

import io.plinth.kvcache.keyspace.Entry;
import io.plinth.kvcache.keyspace.KeyRef;
import io.plinth.kvcache.keyspace.Keyspace;
import io.plinth.kvcache.keyspace.Segment;
import io.plinth.kvcache.keyspace.SegmentSet;
import io.plinth.kvcache.keyspace.Waiter;
import io.plinth.kvcache.keyspace.value.ValueType;
import io.plinth.kvcache.session.Blocked;
import io.plinth.kvcache.session.Client;
import io.plinth.kvcache.session.ReplyMode;
import io.plinth.kvcache.wire.Args;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Guarded by the locks of the segments of its keys, all of which are needed to end it: a blocking command that waits. */
final class BlockedCall implements Blocked, Waiter {
    private static final String UNBLOCKED = "UNBLOCKED client unblocked via CLIENT UNBLOCK";

    private final Keyspace keyspace;
    private final Client client;
    private final Command command;
    private final Args args;
    private final List<KeyRef> keys;
    private final @Nullable ValueType type;
    private boolean over;
    private Runnable cancelTimer = () -> {};

    BlockedCall(Call call, Args args, List<KeyRef> keys, @Nullable ValueType type) {
        this.keyspace = call.keyspace();
        this.client = call.client();
        this.command = call.command();
        this.args = args;
        this.keys = keys;
        this.type = type;
    }

    Client client() {
        return client;
    }

    Command command() {
        return command;
    }

    Args args() {
        return args;
    }

    boolean over() {
        return over;
    }

    @Override
    public boolean wants(@Nullable Entry entry) {
        return type == null || (entry != null && entry.type() == type);
    }

    /** Starts to wait, on the client's loop and with the segments locked; 0 milliseconds for ever. */
    void begin(long timeoutMillis) {
        for (KeyRef key : keys) {
            keyspace.segment(key.slot()).waits().add(key, this);
        }
        client.blocked(this);
        if (timeoutMillis > 0) {
            cancelTimer = client.outlet().schedule(timeoutMillis, () -> end(false));
        }
    }

    /** The segments of everything the command touches. */
    void segments(SegmentSet into) {
        command.keys(
                args,
                0,
                (arg, access) -> into.add(
                        io.plinth.kvcache.keyspace.Slots.of(args.buffer(), args.offset(arg), args.length(arg))));
        keys.forEach(key -> into.add(key.slot()));
    }

    /** Has its keys looked at again. */
    void again() {
        for (KeyRef key : keys) {
            Segment segment = keyspace.segment(key.slot());
            if (segment.held()) {
                segment.waits().again(key);
            }
        }
    }

    /** Waits no longer; with all its segments locked. */
    void finish() {
        over = true;
        for (KeyRef key : keys) {
            keyspace.segment(key.slot()).waits().remove(key, this);
        }
    }

    private boolean finishUnlocked() {
        SegmentSet set = new SegmentSet();
        keys.forEach(key -> set.add(key.slot()));
        set.lock(keyspace);
        try {
            if (over) {
                return false;
            }
            finish();
            return true;
        } finally {
            set.unlock(keyspace);
        }
    }

    @Override
    public boolean end(boolean error) {
        if (!finishUnlocked()) {
            return false;
        }
        client.outlet().later(() -> {
            if (error) {
                deliver(() -> client.out().error(UNBLOCKED));
            } else {
                deliver(() -> client.out().nullArray());
            }
        });
        return true;
    }

    /** Hands over the reply. From any thread. */
    void reply(byte[] bytes) {
        client.outlet().later(() -> deliver(() -> client.out().raw(bytes)));
    }

    private void deliver(Runnable write) {
        cancelTimer.run();
        if (client.blocked() != this) {
            return;
        }
        client.blocked(null);
        if (client.closing()) {
            return;
        }
        if (client.replyMode() == ReplyMode.ON) {
            write.run();
        }
        client.outlet().unblocked();
    }

    @Override
    public void abandon() {
        cancelTimer.run();
        client.blocked(null);
        finishUnlocked();
    }
}
