package io.plinth.kvcache.lua;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.FutureTask;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Owned by the thread that runs the script: globals, the calls that are running, and what the run may still take. Coroutines and
 * deep recursion have stacks of their own on other threads, of which always exactly one runs; {@link #onBase} comes back.
 */
public final class Interp {
    private static final int FUEL = 1_000;
    private static final long FIRST_COLLECTION = 8L << 20;
    private static final int MAX_HOST_CALLS = 200;
    private static final long VISIT_BYTES = 64;

    /** What a run may take. */
    public interface Watch {
        /** Called every thousand steps; throws {@link LuaAbort} to end the run. */
        void check();
    }

    private final LuaTable globals = new LuaTable();
    private final LuaTable stringMeta = new LuaTable();
    private final ScriptRandom random = new ScriptRandom();
    private final List<Coroutine> coroutines = new ArrayList<>();
    private @Nullable LuaFunction next;
    private Watch watch = () -> {};
    private long memoryLimit = Long.MAX_VALUE;
    private long stepLimit = Long.MAX_VALUE;
    private long charged;
    private long held;
    private long nextCollection = FIRST_COLLECTION;
    private long steps;
    private int fuel = FUEL;
    private @Nullable Thread base;
    private volatile @Nullable FutureTask<?> request;
    private Stack stack = new Stack();

    /** The calls of one thread of control. */
    static final class Stack {
        @Nullable
        Frame top;

        int weight;
        int limit = Coroutine.MAX_WEIGHT;
        int hostCalls;

        @Nullable
        Coroutine coroutine;

        final List<Object> pins = new ArrayList<>();
    }

    public LuaTable globals() {
        return globals;
    }

    /** The metatable of all texts. */
    public LuaTable stringMeta() {
        return stringMeta;
    }

    public ScriptRandom random() {
        return random;
    }

    /** Begins a run on this thread. */
    public void begin(long bytes, long maxSteps, Watch watching) {
        base = Thread.currentThread();
        memoryLimit = bytes;
        stepLimit = maxSteps;
        watch = watching;
        charged = 0;
        held = 0;
        nextCollection = Math.min(FIRST_COLLECTION, bytes);
        steps = 0;
        fuel = FUEL;
        stack = new Stack();
    }

    /** Ends it: coroutines that wait are dropped. */
    public void end() {
        for (Coroutine waiting : coroutines) {
            waiting.drop();
        }
        coroutines.clear();
        stack = new Stack();
        watch = () -> {};
    }

    /** Steps taken: turns of loops, and calls. */
    public long steps() {
        return steps + FUEL - fuel;
    }

    /** One turn of a loop, or one call. */
    public void step() {
        if (--fuel < 0) {
            refuel();
        }
    }

    private void refuel() {
        steps += FUEL - fuel;
        fuel = FUEL;
        if (steps > stepLimit) {
            throw new LuaAbort("Script used more than " + stepLimit + " steps");
        }
        watch.check();
    }

    /** Many steps at once. */
    public void steps(long count) {
        if (count >= fuel) {
            steps += count;
            refuel();
        } else {
            fuel -= (int) count;
        }
    }

    /** Memory is about to be taken. */
    public void charge(long bytes) {
        charged += bytes;
        if (charged > nextCollection) {
            collect(bytes);
        }
    }

    /** Looks what is still reachable; what is not does not count. */
    private void collect(long bytes) {
        Reachable reachable = new Reachable();
        reachable.add(globals);
        reachable.add(stack);
        for (Coroutine waiting : coroutines) {
            reachable.add(waiting);
        }
        long live = reachable.measure(memoryLimit) + held + bytes;
        steps(live / VISIT_BYTES);
        charged = live;
        if (live > memoryLimit) {
            throw new LuaError("not enough memory", null, 0);
        }
        nextCollection = Math.min(memoryLimit, Math.max(FIRST_COLLECTION, 2 * live));
    }

    /** Memory is about to be taken for something that no value shows yet; given back with {@link #release}. */
    public void hold(long bytes) {
        charge(bytes);
        held += bytes;
    }

    /** What was held is a value now, or gone. */
    public void release(long bytes) {
        held -= bytes;
    }

    /** Bytes in use as far as known. */
    public long charged() {
        return charged;
    }

    /** Keeps a value in sight of the memory count while only Java holds it; answers the mark to go back to. */
    public int pin(@Nullable Object value) {
        int mark = stack.pins.size();
        if (value != null) {
            stack.pins.add(value);
        }
        return mark;
    }

    /** Forgets what was pinned since. */
    public void unpin(int mark) {
        List<Object> pins = stack.pins;
        while (pins.size() > mark) {
            pins.removeLast();
        }
    }

    /** How much is pinned. */
    public int pinned() {
        return stack.pins.size();
    }

    public @Nullable Frame top() {
        return stack.top;
    }

    /** A Lua function starts; {@code weight} is about how deep it nests. Answers whether there is stack for it. */
    public boolean enter(Frame frame, int weight) {
        stack.top = frame;
        stack.weight += weight;
        return stack.weight <= stack.limit;
    }

    /** Whether recursion may go on with a larger stack. */
    public boolean mayGoDeeper() {
        return stack.limit == Coroutine.MAX_WEIGHT;
    }

    /** It is over. */
    public void leave(Frame frame, int weight) {
        stack.top = frame.caller;
        stack.weight -= weight;
    }

    /** A tail call takes a function's place. */
    public void replace(Frame frame) {
        stack.top = frame;
    }

    /** Whether the built-in function that runs was called by Lua code. */
    public boolean calledFromLua() {
        Frame frame = stack.top;
        return frame != null && frame.chunk != null;
    }

    /** An error with the place of the Lua code that runs. */
    public LuaError error(String message) {
        return new LuaError(where(1) + message, source(), line());
    }

    /** An error whose value carries no place. */
    public LuaError raise(@Nullable Object value) {
        return new LuaError(value, source(), line());
    }

    private @Nullable Frame lua() {
        Frame frame = stack.top;
        if (frame != null && frame.chunk == null) {
            frame = frame.caller;
        }
        return frame != null && frame.chunk != null ? frame : null;
    }

    private @Nullable String source() {
        Frame frame = lua();
        return frame == null ? null : frame.chunk;
    }

    private int line() {
        Frame frame = lua();
        return frame == null ? 0 : frame.line;
    }

    /** {@code chunk:line: } of a level of calls; empty where that is no Lua code. */
    public String where(int level) {
        Frame frame = stack.top;
        for (int i = 1; i < level && frame != null; i++) {
            frame = frame.caller;
        }
        return frame == null || frame.chunk == null ? "" : frame.chunk + ":" + frame.line + ": ";
    }

    /** Calls from a built-in function or for a metamethod. */
    public @Nullable Object call(@Nullable Object function, @Nullable Object... args) {
        Stack own = stack;
        if (own.hostCalls >= MAX_HOST_CALLS) {
            throw error("C stack overflow");
        }
        Frame mark = new Frame(this, Values.NOTHING, NO_CELLS, Values.NOTHING, null, own.top);
        own.hostCalls++;
        own.top = mark;
        try {
            return Meta.callable(this, function).call(this, prepend(function, args));
        } finally {
            own.top = mark.caller;
            own.hostCalls--;
        }
    }

    /** Calls a metamethod: nothing is between it and the Lua code whose operation it is. */
    @Nullable
    Object callMethod(@Nullable Object function, @Nullable Object... args) {
        Stack own = stack;
        if (own.hostCalls >= MAX_HOST_CALLS) {
            throw error("C stack overflow");
        }
        own.hostCalls++;
        Object result = Meta.callable(this, function).call(this, prepend(function, args));
        own.hostCalls--;
        return result;
    }

    /** How Lua code names the built-in function it called; null where it has no name there. */
    Frame.@Nullable CallSite callSite() {
        Frame frame = stack.top;
        return frame == null || frame.chunk == null ? null : frame.site;
    }

    private static final Cell[] NO_CELLS = new Cell[0];

    private static @Nullable Object[] prepend(@Nullable Object function, @Nullable Object[] args) {
        if (function instanceof LuaFunction) {
            return args;
        }
        @Nullable Object[] all = new Object[args.length + 1];
        all[0] = function;
        System.arraycopy(args, 0, all, 1, args.length);
        return all;
    }

    /** One turn of a {@code for}: a call that cannot be yielded out of. */
    public @Nullable Object iterate(LuaFunction iterator, @Nullable Object state, @Nullable Object control) {
        Stack own = stack;
        own.hostCalls++;
        Object result = iterator.call(this, new Object[] {state, control});
        own.hostCalls--;
        return result;
    }

    /** Whether this is the function {@code next}, so that a loop may go on without calling it. */
    public boolean isNext(@Nullable Object function) {
        return function != null && function.equals(next);
    }

    /** Names the function {@code next}. */
    public void next(LuaFunction function) {
        next = function;
    }

    /** Calls so that errors come back as a value; {@code handler} makes of an error what is answered. */
    public @Nullable Object protect(
            Supplier<@Nullable Object> action, java.util.function.Function<LuaError, @Nullable Object> handler) {
        Stack own = stack;
        Frame top = own.top;
        int weight = own.weight;
        int hostCalls = own.hostCalls;
        int pins = own.pins.size();
        long holding = held;
        try {
            return action.get();
        } catch (LuaError e) {
            own.weight = weight;
            own.hostCalls = hostCalls;
            unpin(pins);
            held = holding;
            // The handler of xpcall runs where the error was.
            Object answer = handler.apply(e);
            own.top = top;
            return answer;
        }
    }

    /** The coroutine that runs, null for the script itself. */
    public @Nullable Coroutine running() {
        return stack.coroutine;
    }

    Stack stack() {
        return stack;
    }

    void stack(Stack next) {
        stack = next;
    }

    List<Coroutine> coroutines() {
        return coroutines;
    }

    /** Runs on the thread that began the run, whichever stack asks. */
    public <T> T onBase(Supplier<T> action) {
        Thread owner = base;
        if (owner == null || Thread.currentThread().equals(owner)) {
            return action.get();
        }
        FutureTask<T> task = new FutureTask<>(action::get);
        request = task;
        LockSupport.unpark(owner);
        try {
            return task.get();
        } catch (java.util.concurrent.ExecutionException e) {
            if (e.getCause() instanceof RuntimeException reason) {
                throw reason;
            }
            throw new IllegalStateException(e.getCause());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new LuaAbort("interrupted");
        }
    }

    /** Waits for another stack; the base thread meanwhile does what that stack asks for. */
    void await(BooleanSupplier done) {
        boolean serves = Thread.currentThread().equals(base);
        while (!done.getAsBoolean()) {
            FutureTask<?> asked = serves ? request : null;
            if (asked != null) {
                request = null;
                asked.run();
            } else {
                LockSupport.park(this);
            }
        }
    }
}
