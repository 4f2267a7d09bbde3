package io.plinth.kvcache.command;

import io.plinth.kvcache.keyspace.Entry;
import io.plinth.kvcache.keyspace.KeyRef;
import io.plinth.kvcache.keyspace.Keyspace;
import io.plinth.kvcache.keyspace.Segment;
import io.plinth.kvcache.keyspace.SegmentSet;
import io.plinth.kvcache.keyspace.Slots;
import io.plinth.kvcache.keyspace.Waiter;
import io.plinth.kvcache.keyspace.value.ValueType;
import io.plinth.kvcache.session.Blocked;
import io.plinth.kvcache.session.Client;
import io.plinth.kvcache.session.ReplyMode;
import io.plinth.kvcache.wire.Args;
import java.util.List;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;

/**
 * A blocking command that waits. Its state is claimed without a lock, so that a timeout waits for no script; it is run with the
 * segments of its keys locked.
 */
final class BlockedCall implements Blocked, Waiter {
    private static final String UNBLOCKED = "UNBLOCKED client unblocked via CLIENT UNBLOCK";

    private static final int RETRY_MILLIS = 2;

    private final Keyspace keyspace;
    private final Client client;
    private final CommandExecutor executor;
    private final Command command;
    private final Args args;
    private final List<KeyRef> keys;
    private final @Nullable ValueType type;
    private final AtomicReference<State> state = new AtomicReference<>(State.WAITING);
    private Runnable cancelTimer = () -> {};
    private volatile boolean timed;

    private enum State {
        WAITING,
        TRIED,
        OVER
    }

    BlockedCall(Call call, Args args, List<KeyRef> keys, @Nullable ValueType type) {
        this.keyspace = call.keyspace();
        this.client = call.client();
        this.executor = call.executor();
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

    CommandExecutor executor() {
        return executor;
    }

    boolean over() {
        return state.get() == State.OVER;
    }

    @Override
    public List<KeyRef> awaited() {
        return keys;
    }

    /** A consumer is told when its group's stream goes, as since Redis 7.2. */
    @Override
    public boolean untilGone() {
        return command.name().equals("xreadgroup");
    }

    @Override
    public boolean timed() {
        return timed;
    }

    @Override
    public boolean waitsForOthers() {
        return true;
    }

    /** Claims it for a try to run it; false when it is over. With all its segments locked, so by one thread at a time. */
    boolean tries() {
        return state.compareAndSet(State.WAITING, State.TRIED);
    }

    /** The try found nothing. */
    void waitsOn() {
        state.set(State.WAITING);
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
        timed = timeoutMillis > 0;
        if (timed) {
            cancelTimer = client.outlet().schedule(timeoutMillis, () -> end(false));
        }
    }

    /** The segments of everything the command touches. */
    void segments(SegmentSet into) {
        command.keys(args, 0, (arg, access) -> into.add(Slots.of(args.buffer(), args.offset(arg), args.length(arg))));
        keys.forEach(key -> into.add(key.slot()));
    }

    /** Has its keys looked at again. */
    void again() {
        for (KeyRef key : keys) {
            Segment segment = keyspace.segment(key.slot());
            if (segment.held()) {
                segment.waits().awaitedAgain(key);
            }
        }
    }

    /** The try had its effect: waits no longer. */
    void finish() {
        state.set(State.OVER);
        forget();
    }

    /** Has it looked at again on its own loop, a little later: a script holds what it needs. */
    void later() {
        client.outlet().schedule(RETRY_MILLIS, () -> executor.serveLater(this));
    }

    private void forget() {
        for (KeyRef key : keys) {
            Segment segment = keyspace.segment(key.slot());
            segment.soon(() -> segment.waits().remove(key, this));
        }
    }

    /** Ends the wait unless it has an effect; one that is tried just now has it, or waits on, in the time one command takes. */
    private boolean giveUp() {
        while (!state.compareAndSet(State.WAITING, State.OVER)) {
            if (over()) {
                return false;
            }
            Thread.onSpinWait();
        }
        forget();
        return true;
    }

    @Override
    public boolean end(boolean error) {
        if (!giveUp()) {
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
        giveUp();
    }
}
