package io.plinth.kvcache.script;

import io.plinth.kvcache.command.Command;
import io.plinth.kvcache.command.Command.Flag;
import io.plinth.kvcache.keyspace.Keyspace;
import io.plinth.kvcache.keyspace.ScriptTurn;
import io.plinth.kvcache.keyspace.SegmentSet;
import io.plinth.kvcache.keyspace.Slots;
import io.plinth.kvcache.lua.Interp;
import io.plinth.kvcache.lua.LuaAbort;
import io.plinth.kvcache.wire.Args;
import java.util.List;
import java.util.Set;
import java.util.function.LongSupplier;

/**
 * Owned by the thread that runs the script: the segments one run holds, and the time it takes. A run that has changed nothing can
 * be begun again: with the turn, where it needs a segment that it may not wait for, or on a thread of its own, where it takes long.
 */
final class ScriptRun implements Interp.Watch {
    private static final long MOVE_NANOS = 10_000_000;
    private static final Set<String> HARMLESS = Set.of("time", "lastsave", "command", "role", "lolwut", "info");

    /** The run has to be begun again. */
    static final class Again extends LuaAbort {
        final boolean elsewhere;

        Again(boolean elsewhere) {
            super("begin again");
            this.elsewhere = elsewhere;
        }
    }

    private final Keyspace keyspace;
    private final ScriptTurn turn;
    private final Scripts scripts;
    private final LongSupplier nanos;
    private final SegmentSet segments = new SegmentSet();
    private final boolean movable;
    private final boolean function;
    private final String name;
    private final List<String> commandLine;
    private final long start;
    private volatile boolean killed;
    private volatile boolean dirty;
    private boolean tookTurn;
    private boolean everything;
    private boolean known;

    ScriptRun(Keyspace keyspace, Scripts scripts, LongSupplier nanos, Request request, boolean movable) {
        this.keyspace = keyspace;
        this.turn = keyspace.turn();
        this.scripts = scripts;
        this.nanos = nanos;
        this.movable = movable;
        this.function = request.function();
        this.name = request.name();
        this.commandLine = request.commandLine();
        this.start = nanos.getAsLong();
    }

    SegmentSet segments() {
        return segments;
    }

    boolean dirty() {
        return dirty;
    }

    boolean function() {
        return function;
    }

    String name() {
        return name;
    }

    List<String> commandLine() {
        return commandLine;
    }

    long millis() {
        return (nanos.getAsLong() - start) / 1_000_000;
    }

    /** From any thread: ends the run at its next steps. */
    void kill() {
        killed = true;
    }

    /** Locks the declared keys, after the turn where it is known to be needed. */
    void begin(List<byte[]> keys, boolean withTurn, boolean patient) {
        if (withTurn && !turn.mine()) {
            if (patient) {
                turn.await();
            } else {
                turn.take();
            }
            tookTurn = true;
        }
        for (byte[] key : keys) {
            segments.add(Slots.of(key, 0, key.length));
        }
        try {
            segments.lock(keyspace);
        } catch (RuntimeException e) {
            giveTurn();
            throw e;
        }
        segments.unit(keyspace, keyspace.nextUnit());
    }

    private void giveTurn() {
        if (tookTurn) {
            tookTurn = false;
            turn.give();
        }
    }

    /** Lets everything go. */
    void end() {
        scripts.over(this);
        segments.unit(keyspace, 0);
        segments.unlock(keyspace);
        giveTurn();
    }

    /** Locks what a command needs before it runs. */
    void prepare(Command command, Args args) {
        boolean write = !command.is(Flag.READONLY) && !harmless(command);
        if (write && !dirty) {
            takeTurn();
        }
        if (wantsEverything(command, args)) {
            if (!everything) {
                takeTurn();
                segments.extendToAll(keyspace);
                everything = true;
            }
        } else if (!everything && !command.is(Flag.CHANNELS)) {
            command.keys(args, 0, (arg, access) -> {
                int slot = Slots.of(args.buffer(), args.offset(arg), args.length(arg));
                if (!segments.has(slot) && !segments.extend(keyspace, slot, turn.mine())) {
                    throw new Again(false);
                }
            });
        }
        dirty |= write;
    }

    private static boolean harmless(Command command) {
        return command.is(Flag.CONNECTION) || HARMLESS.contains(command.name());
    }

    private static boolean wantsEverything(Command command, Args args) {
        boolean keyless = command.firstKey() == 0 && !command.facts().movable();
        return command.is(Flag.EVERYTHING | Flag.LOCKS_ITSELF)
                || (command.facts().unknownKeys() && args.count() > 2)
                || (keyless && !command.is(Flag.PUBSUB) && !harmless(command));
    }

    private void takeTurn() {
        if (turn.mine()) {
            return;
        }
        if (!turn.tryTake()) {
            throw new Again(false);
        }
        tookTurn = true;
    }

    /** Whether it took, or had, the turn. */
    boolean hadTurn() {
        return tookTurn;
    }

    @Override
    public void check() {
        long elapsed = nanos.getAsLong() - start;
        if (elapsed < MOVE_NANOS) {
            return;
        }
        if (movable && !dirty) {
            throw new Again(true);
        }
        if (killed) {
            throw new LuaAbort("Script killed by user with " + (function ? "FUNCTION" : "SCRIPT") + " KILL.");
        }
        if (!known) {
            known = true;
            scripts.runs(this);
        }
        if (turn.mine()) {
            turn.lengthy();
            long busy = scripts.busyMillis();
            if (busy > 0 && elapsed / 1_000_000 >= busy) {
                turn.busy(true);
            }
        }
    }
}
