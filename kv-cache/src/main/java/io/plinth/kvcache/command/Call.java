package io.plinth.kvcache.command;

import io.plinth.kvcache.keyspace.Entry;
import io.plinth.kvcache.keyspace.KeyRef;
import io.plinth.kvcache.keyspace.Keyspace;
import io.plinth.kvcache.keyspace.Segment;
import io.plinth.kvcache.keyspace.store.StoredStrings.Arrival;
import io.plinth.kvcache.keyspace.value.StringForm;
import io.plinth.kvcache.keyspace.value.ValueType;
import io.plinth.kvcache.session.Client;
import io.plinth.kvcache.wire.Args;
import io.plinth.kvcache.wire.Doubles;
import io.plinth.kvcache.wire.LongDouble;
import io.plinth.kvcache.wire.Numbers;
import io.plinth.kvcache.wire.ReplyWriter;
import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Owned by one event loop and reused: the command that runs, and what its handler needs. */
public final class Call {
    private final NodeState node;
    private final CommandExecutor executor;
    private final KeyRef key = new KeyRef();
    private final KeyRef second = new KeyRef();
    /** The argument that {@link #key} was last set to, so that it is hashed once; 0 for none. */
    private int keyArg;

    private Command command;
    private Client client;
    private Args args;
    private ReplyWriter out;
    private long now;
    private boolean mayBlock;
    private boolean attempt;
    private boolean waits;
    private boolean measuredElsewhere;
    private byte @Nullable [] ready;

    Call(NodeState node, CommandExecutor executor, Command command, Client client, Args args) {
        this.node = node;
        this.executor = executor;
        this.command = command;
        this.client = client;
        this.args = args;
        this.out = client.out();
    }

    void set(Command command, Client client, Args args, long nowMillis) {
        this.command = command;
        this.client = client;
        this.args = args;
        this.out = client.out();
        this.now = nowMillis;
        this.keyArg = 0;
        this.measuredElsewhere = false;
        this.mayBlock = true;
        this.attempt = false;
    }

    /** The command goes on after this call returns, and is measured by who ends it. */
    public void measureElsewhere() {
        measuredElsewhere = true;
    }

    boolean measuredElsewhere() {
        return measuredElsewhere;
    }

    /** Nothing may block: within a transaction. */
    void atOnce() {
        mayBlock = false;
    }

    /** Whether the reply may come later than this call returns. */
    public boolean mayBlock() {
        return mayBlock && !attempt;
    }

    /** Whether the command waits, or could. */
    public boolean mayWait() {
        return mayBlock;
    }

    /** Runs a command again that waits, with another place for its reply. */
    void attempt(BlockedCall blocked, byte[] changed, long nowMillis, ReplyWriter reply) {
        set(blocked.command(), blocked.client(), blocked.args(), nowMillis);
        ready = changed;
        out = reply;
        attempt = true;
        waits = false;
    }

    /** Whether a command looks at the key at an argument: one that waited only at the key that changed. */
    public boolean considers(int arg) {
        byte[] changed = ready;
        return changed == null
                || Arrays.equals(
                        changed,
                        0,
                        changed.length,
                        args.buffer(),
                        args.offset(arg),
                        args.offset(arg) + args.length(arg));
    }

    /** Whether a command that was run again waits on. */
    boolean waits() {
        return waits;
    }

    /**
     * There is nothing yet of what the command wants: it waits for the keys at these arguments, or writes a null where it may not
     * wait. What is given as {@code args} is run when one of them changes to a value of the type.
     */
    public void block(
            List<Integer> keyArgs, @Nullable ValueType type, long timeoutMillis, boolean nullArray, Args given) {
        if (attempt) {
            waits = true;
        } else if (mayBlock) {
            Args kept = given.copy();
            List<KeyRef> keys = new ArrayList<>();
            for (int arg : keyArgs) {
                KeyRef ref = new KeyRef()
                        .set(keyspace().hasher(), client.database(), kept.buffer(), kept.offset(arg), kept.length(arg));
                if (keys.stream().noneMatch(ref::same)) {
                    keys.add(ref);
                }
            }
            new BlockedCall(this, kept, keys, type).begin(timeoutMillis);
        } else if (nullArray) {
            out.nullArray();
        } else {
            out.nullBulk();
        }
    }

    public NodeState node() {
        return node;
    }

    public CommandExecutor executor() {
        return executor;
    }

    public Command command() {
        return command;
    }

    public Client client() {
        return client;
    }

    public Args args() {
        return args;
    }

    public ReplyWriter out() {
        return out;
    }

    /** Unix milliseconds, read once per network read. */
    public long now() {
        return now;
    }

    public Keyspace keyspace() {
        return node.keyspace();
    }

    /** How many arguments, the name included. */
    public int count() {
        return args.count();
    }

    /** The key at an argument, in this call's one place for keys. */
    public KeyRef key(int arg) {
        if (arg != keyArg) {
            int db = client.db();
            if (arg == 1 && args.isHashed(db)) {
                key.set(db, args.buffer(), args.offset(1), args.length(1), args.slot(), args.hash());
            } else {
                key.set(keyspace().hasher(), db, args.buffer(), args.offset(arg), args.length(arg));
            }
            keyArg = arg;
        }
        return key;
    }

    /** Another key beside the first. */
    public KeyRef second(int arg, int db) {
        return second.set(keyspace().hasher(), db, args.buffer(), args.offset(arg), args.length(arg));
    }

    /** The key that {@link #key(int)} was last set to. */
    public KeyRef key() {
        return key;
    }

    /** Tells who listens what happened to the key at an argument. */
    public void event(int type, String name, int arg) {
        if (node.settings().events().wants(type)) {
            node.settings().events().publish(type, name, client.db(), args.bytes(arg));
        }
    }

    /** The segment of a key. */
    public Segment segment(KeyRef ref) {
        return keyspace().segment(ref.slot());
    }

    /** The segment of {@link #key()}. */
    public Segment segment() {
        return keyspace().segment(key.slot());
    }

    /** The key's entry for a read, counted as a hit or a miss, or null; WRONGTYPE for another type. Sets {@link #key()}. */
    public @Nullable Entry read(int arg, ValueType type) {
        KeyRef ref = key(arg);
        return typed(segment(ref).read(ref, now), type);
    }

    /** The key's entry for a write, or null; WRONGTYPE for another type. Sets {@link #key()}. */
    public @Nullable Entry write(int arg, ValueType type) {
        KeyRef ref = key(arg);
        return typed(segment(ref).find(ref, now), type);
    }

    private static @Nullable Entry typed(@Nullable Entry entry, ValueType type) {
        if (entry != null && (type == ValueType.STRING ? !entry.isString() : entry.type() != type)) {
            throw CommandException.wrongType();
        }
        return entry;
    }

    /** The key's string entry for a read, or null; WRONGTYPE for another type. Sets {@link #key()}. */
    public @Nullable Entry readString(int arg) {
        return read(arg, ValueType.STRING);
    }

    /** The key's string entry for a write, or null; WRONGTYPE for another type. Sets {@link #key()}. */
    public @Nullable Entry writeString(int arg) {
        return write(arg, ValueType.STRING);
    }

    /** The key's hash entry for a read, or null; WRONGTYPE for another type. Sets {@link #key()}. */
    public @Nullable Entry readHash(int arg) {
        return read(arg, ValueType.HASH);
    }

    /** The key's hash entry for a write, or null; WRONGTYPE for another type. Sets {@link #key()}. */
    public @Nullable Entry writeHash(int arg) {
        return write(arg, ValueType.HASH);
    }

    /** Makes a key the string at an argument. What a primary sends is as old as it says. */
    public void putString(KeyRef ref, int arg, long expireAt) {
        replaceString(ref, arg, client.primary() ? expireAt : policy().expireAt(ref, expireAt, now));
    }

    /** The same, gone at this very time. */
    public void replaceString(KeyRef ref, int arg, long expireAt) {
        if (args.longAt(arg) instanceof Arrival value) {
            segment(ref).putString(ref, value, StringForm.STORED, expireAt, now);
        } else {
            segment(ref).putString(ref, args.buffer(), args.offset(arg), args.length(arg), expireAt, now);
        }
    }

    /** When a key goes that is given this expiry: a string later, where it is stale before. */
    public long expiry(KeyRef ref, Entry entry, long given) {
        boolean asGiven = given <= now || !entry.isString() || client.primary();
        return asGiven ? given : policy().expireAt(ref, given, now);
    }

    /** How keys are cached. */
    public CachePolicy policy() {
        return node.settings().cachePolicy();
    }

    /** An integer argument. */
    public long integer(int arg) {
        long value = Numbers.parse(args.buffer(), args.offset(arg), args.length(arg));
        if (value == Numbers.INVALID && !Numbers.isLong(args.buffer(), args.offset(arg), args.length(arg))) {
            throw CommandException.notInteger();
        }
        return value;
    }

    /** An integer argument that fits 32 bits. */
    public int small(int arg) {
        long value = integer(arg);
        if (value != (int) value) {
            throw new CommandException(
                    "ERR value is out of range, value must between " + Integer.MIN_VALUE + " and " + Integer.MAX_VALUE);
        }
        return (int) value;
    }

    /** An integer argument within bounds, or the error that names the range. */
    public long integer(int arg, long least, long most, String error) {
        long value = Numbers.parse(args.buffer(), args.offset(arg), args.length(arg));
        boolean right = value != Numbers.INVALID || Numbers.isLong(args.buffer(), args.offset(arg), args.length(arg));
        if (!right || value < least || value > most) {
            throw new CommandException("ERR " + error);
        }
        return value;
    }

    /** A floating-point argument. */
    public double number(int arg, String error) {
        double value = Doubles.parse(args.buffer(), args.offset(arg), args.length(arg));
        if (Double.isNaN(value)) {
            throw new CommandException("ERR " + error);
        }
        return value;
    }

    /** A timeout in seconds as blocking commands have it, in milliseconds; 0 for ever. */
    public long timeout(int arg) {
        double seconds = Doubles.parse(args.buffer(), args.offset(arg), args.length(arg));
        if (Double.isNaN(seconds)) {
            // Redis reads it with more digits and a larger exponent than a double has.
            BigDecimal exact = LongDouble.parse(args.bytes(arg));
            if (exact == null) {
                throw new CommandException("ERR timeout is not a float or out of range");
            }
            boolean tiny = exact.signum() != 0 && exact.doubleValue() == 0;
            seconds = tiny ? Math.copySign(Double.MIN_VALUE, exact.signum()) : exact.doubleValue();
        }
        double millis = Math.ceil(seconds * 1000);
        // What is too large for an integer becomes the smallest one on Redis's machines.
        if (millis < 0 || millis >= Long.MAX_VALUE) {
            throw new CommandException("ERR timeout is negative");
        }
        if ((long) millis > Long.MAX_VALUE - now) {
            throw new CommandException("ERR timeout is out of range");
        }
        return (long) millis;
    }

    /** A copy of an argument's bytes. */
    public byte[] bytes(int arg) {
        return args.bytes(arg);
    }

    /** An argument as text, byte for character. */
    public String text(int arg) {
        return args.text(arg);
    }
}
