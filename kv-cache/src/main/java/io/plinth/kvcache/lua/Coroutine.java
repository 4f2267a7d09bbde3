package io.plinth.kvcache.lua;

import java.util.Locale;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/**
 * A function with a stack of its own, on a virtual thread that runs only while the thread that resumed it waits. Used the same way,
 * with a platform thread, for recursion that is too deep for the stack of an event loop.
 */
public final class Coroutine {
    /** Weight of the calls that fit the smallest stack this runs on, an event loop's. */
    static final int MAX_WEIGHT = 900;

    private static final int LARGE_WEIGHT = 60_000;
    private static final int LARGE_STACK = 96 << 20;

    /** About what one takes. */
    static final long BYTES = 2_048;

    private static final int MAX_HOST_CALLS = 190;
    private static final int MAX_LIVING = 1_000;

    /** What can be said of it. */
    public enum Status {
        SUSPENDED,
        RUNNING,
        NORMAL,
        DEAD
    }

    private static final class Dropped extends LuaAbort {
        Dropped() {
            super("dropped");
        }
    }

    private final Interp in;
    private final LuaFunction function;
    private final Interp.Stack stack = new Interp.Stack();
    private @Nullable Thread thread;
    private @Nullable Thread resumer;
    private Status status = Status.SUSPENDED;
    private @Nullable Object transfer;
    private @Nullable RuntimeException failure;
    private @Nullable Error broken;
    private int hostCallsAtResume;
    private volatile boolean inside;
    private volatile boolean dropped;

    public Coroutine(Interp in, LuaFunction function) {
        this.in = in;
        this.function = function;
        stack.coroutine = this;
    }

    public Status status() {
        return status;
    }

    Interp.Stack stack() {
        return stack;
    }

    @Nullable
    Object transfer() {
        return transfer;
    }

    /** Goes on inside; answers what was yielded or returned. {@link LuaError} when it failed or cannot go on. */
    public @Nullable Object resume(@Nullable Object[] values) {
        if (status != Status.SUSPENDED) {
            throw new LuaError("cannot resume " + status.name().toLowerCase(Locale.ROOT) + " coroutine", null, 0);
        }
        Interp.Stack outer = in.stack();
        Coroutine caller = outer.coroutine;
        if (thread == null && in.coroutines().size() >= MAX_LIVING) {
            throw new LuaError("too many coroutines (expected: at most " + MAX_LIVING + ")", null, 0);
        }
        if (caller != null) {
            caller.status = Status.NORMAL;
        }
        status = Status.RUNNING;
        if (outer.hostCalls >= MAX_HOST_CALLS) {
            status = Status.DEAD;
            throw in.error("C stack overflow");
        }
        hostCallsAtResume = outer.hostCalls + 1;
        stack.hostCalls = hostCallsAtResume;
        in.stack(stack);
        transfer = values;
        resumer = Thread.currentThread();
        inside = true;
        enter();
        in.await(() -> !inside);
        in.stack(outer);
        if (caller != null) {
            caller.status = Status.RUNNING;
        }
        return answer();
    }

    private @Nullable Object answer() {
        Error serious = broken;
        if (serious != null) {
            throw serious;
        }
        RuntimeException reason = failure;
        if (reason != null) {
            failure = null;
            throw reason;
        }
        Object values = transfer;
        transfer = null;
        return values;
    }

    private void enter() {
        Thread own = thread;
        if (own == null) {
            own = Thread.ofVirtual().name("script-coroutine").unstarted(this::run);
            thread = own;
            in.coroutines().add(this);
            own.start();
        } else {
            LockSupport.unpark(own);
        }
    }

    private void run() {
        try {
            @Nullable Object[] args = Values.list(transfer);
            transfer = null;
            transfer = function.call(in, args);
        } catch (Dropped e) {
            return;
        } catch (RuntimeException e) {
            failure = e;
        } catch (Error e) {
            broken = e;
        }
        status = Status.DEAD;
        in.coroutines().remove(this);
        leave();
    }

    private void leave() {
        inside = false;
        LockSupport.unpark(resumer);
    }

    /** Called by the coroutine itself: hands values out and waits for others. */
    public @Nullable Object suspend(@Nullable Object[] values) {
        transfer = values;
        status = Status.SUSPENDED;
        leave();
        while (!inside) {
            if (dropped) {
                throw new Dropped();
            }
            LockSupport.park(this);
        }
        if (dropped) {
            throw new Dropped();
        }
        Object received = transfer;
        transfer = null;
        return received;
    }

    /** Whether nothing but Lua code is between it and its beginning, so that it can yield. */
    public boolean canYield() {
        return stack.hostCalls == hostCallsAtResume;
    }

    /** Nobody will resume it. */
    void drop() {
        dropped = true;
        Thread own = thread;
        if (own != null) {
            LockSupport.unpark(own);
        }
    }

    /** Runs a function on a thread with a large stack, as if it were called here. */
    public static @Nullable Object deeper(Interp in, LuaFunction function, @Nullable Object[] args) {
        Interp.Stack shared = in.stack();
        Thread waiting = Thread.currentThread();
        FutureTask<@Nullable Object> task = new FutureTask<>(() -> function.call(in, args)) {
            @Override
            protected void done() {
                LockSupport.unpark(waiting);
            }
        };
        Thread large = new Thread(null, task, "script-deep", LARGE_STACK);
        large.setDaemon(true);
        shared.limit = LARGE_WEIGHT;
        large.start();
        in.await(task::isDone);
        shared.limit = MAX_WEIGHT;
        try {
            return task.get();
        } catch (ExecutionException e) {
            if (e.getCause() instanceof RuntimeException reason) {
                throw reason;
            }
            throw new IllegalStateException(e.getCause());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new LuaAbort("interrupted");
        }
    }
}
