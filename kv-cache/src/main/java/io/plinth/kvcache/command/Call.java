package io.plinth.kvcache.command;

import io.plinth.kvcache.keyspace.Entry;
import io.plinth.kvcache.keyspace.KeyRef;
import io.plinth.kvcache.keyspace.Keyspace;
import io.plinth.kvcache.keyspace.Segment;
import io.plinth.kvcache.session.Client;
import io.plinth.kvcache.wire.Args;
import io.plinth.kvcache.wire.Numbers;
import io.plinth.kvcache.wire.ReplyWriter;
import org.jspecify.annotations.Nullable;

/** Owned by one event loop and reused: the command that runs, and what its handler needs. */
public final class Call {
    private final NodeState node;
    private final CommandExecutor executor;
    private final KeyRef key = new KeyRef();
    private final KeyRef second = new KeyRef();
    private Command command;
    private Client client;
    private Args args;
    private long now;

    Call(NodeState node, CommandExecutor executor, Command command, Client client, Args args) {
        this.node = node;
        this.executor = executor;
        this.command = command;
        this.client = client;
        this.args = args;
    }

    void set(Command command, Client client, Args args, long nowMillis) {
        this.command = command;
        this.client = client;
        this.args = args;
        this.now = nowMillis;
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
        return client.out();
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
        return key.set(keyspace().hasher(), client.db(), args.buffer(), args.offset(arg), args.length(arg));
    }

    /** Another key beside the first. */
    public KeyRef second(int arg, int db) {
        return second.set(keyspace().hasher(), db, args.buffer(), args.offset(arg), args.length(arg));
    }

    /** The key that {@link #key(int)} was last set to. */
    public KeyRef key() {
        return key;
    }

    /** The segment of a key. */
    public Segment segment(KeyRef ref) {
        return keyspace().segment(ref.slot());
    }

    /** The segment of {@link #key()}. */
    public Segment segment() {
        return keyspace().segment(key.slot());
    }

    /** The key's string entry for a read, or null; WRONGTYPE for another type. Sets {@link #key()}. */
    public @Nullable Entry readString(int arg) {
        KeyRef ref = key(arg);
        Entry entry = segment(ref).read(ref, now);
        if (entry != null && !entry.isString()) {
            throw CommandException.wrongType();
        }
        return entry;
    }

    /** The key's string entry for a write, or null; WRONGTYPE for another type. Sets {@link #key()}. */
    public @Nullable Entry writeString(int arg) {
        KeyRef ref = key(arg);
        Entry entry = segment(ref).find(ref, now);
        if (entry != null && !entry.isString()) {
            throw CommandException.wrongType();
        }
        return entry;
    }

    /** The key's hash entry for a read, or null; WRONGTYPE for another type. Sets {@link #key()}. */
    public @Nullable Entry readHash(int arg) {
        KeyRef ref = key(arg);
        Entry entry = segment(ref).read(ref, now);
        if (entry != null && entry.isString()) {
            throw CommandException.wrongType();
        }
        return entry;
    }

    /** The key's hash entry for a write, or null; WRONGTYPE for another type. Sets {@link #key()}. */
    public @Nullable Entry writeHash(int arg) {
        KeyRef ref = key(arg);
        Entry entry = segment(ref).find(ref, now);
        if (entry != null && entry.isString()) {
            throw CommandException.wrongType();
        }
        return entry;
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

    /** A copy of an argument's bytes. */
    public byte[] bytes(int arg) {
        return args.bytes(arg);
    }

    /** An argument as text, byte for character. */
    public String text(int arg) {
        return args.text(arg);
    }
}
