package io.plinth.kvcache.command;

import io.netty.buffer.ByteBuf;
import io.plinth.kvcache.acl.Users;
import io.plinth.kvcache.acl.Verdict;
import io.plinth.kvcache.cluster.PeerPublisher;
import io.plinth.kvcache.cluster.Topology;
import io.plinth.kvcache.command.Command.Flag;
import io.plinth.kvcache.command.spec.CommandFacts;
import io.plinth.kvcache.keyspace.Entry;
import io.plinth.kvcache.keyspace.KeyRef;
import io.plinth.kvcache.keyspace.Keyspace;
import io.plinth.kvcache.keyspace.Segment;
import io.plinth.kvcache.keyspace.Slots;
import io.plinth.kvcache.keyspace.write.Strings;
import io.plinth.kvcache.session.Client;
import io.plinth.kvcache.session.Clients;
import io.plinth.kvcache.session.PubSub;
import io.plinth.kvcache.session.ReplyMode;
import io.plinth.kvcache.session.Tracking;
import io.plinth.kvcache.session.Transaction;
import io.plinth.kvcache.wire.Args;
import io.plinth.kvcache.wire.ClientMemory;
import io.plinth.kvcache.wire.LongArgument;
import io.plinth.kvcache.wire.LongArguments;
import io.plinth.kvcache.wire.Numbers;
import io.plinth.kvcache.wire.WireLimits;
import java.time.Clock;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;

/**
 * What the commands of one node work on.
 *
 * @param keyspace its keys
 * @param topology its place in the cluster, as it stands now
 * @param clients who is connected
 * @param pubSub who listens
 * @param tracking who has which key in a cache of its own
 * @param peers where messages go on
 * @param settings what can be changed
 * @param stats what was counted
 * @param memory what clients take
 * @param limits what clients may send
 * @param clock wall-clock time
 * @param random safe for all loops
 */
public record NodeState(
        Keyspace keyspace,
        Supplier<Topology> topology,
        Clients clients,
        PubSub pubSub,
        Tracking tracking,
        PeerPublisher peers,
        Settings settings,
        Stats stats,
        ClientMemory memory,
        WireLimits limits,
        Clock clock,
        RandomGenerator random) {
    /** What who may not write here is answered. */
    public static final String READONLY = "READONLY You can't write against a read only replica.";

    /** Who changes what there is no memory for is answered. */
    static final String OOM = "OOM command not allowed when used memory > 'maxmemory'.";

    /** How values that are too long for the heap come in. */
    LongValues values() {
        return new LongValues(this);
    }

    /** Makes room for what a command brings and makes; answers whether there is for what it brings. */
    boolean makeRoom(CommandTable table, Command command, Client client, Args args) {
        Transaction queued = client.transaction();
        // Where there is none the command says so, once its arguments are known to be right.
        if (queued == null && command.is(Flag.GROWS)) {
            makeRoom(values().growth(command, client, args));
        } else if (queued != null && command.is(Flag.EXEC) && queued.any(Flag.GROWS)) {
            makeRoom(values().growth(table, client, queued));
        }
        return makeRoom(command.is(Flag.DENYOOM) ? args.total() : 0);
    }

    /** Makes room for so many bytes; answers whether there is. Where that takes long it is a moment that LATENCY shows. */
    boolean makeRoom(long more) {
        if (keyspace.memory().fits(more)) {
            return true;
        }
        long begun = stats.clock().getAsLong();
        boolean room = keyspace.makeRoom(more);
        long took = TimeUnit.NANOSECONDS.toMillis(stats.clock().getAsLong() - begun);
        stats.latencies().add("eviction-cycle", took, clock.millis());
        return room;
    }

    private static final String LOADING = "LOADING Redis is loading the dataset in memory";

    /** Refuses writes that could not be kept, in the journal's words; on a replica those of clients, and reads while it is filled. */
    void admits(Command command, Args args, Client client) {
        boolean writes = command.is(Flag.WRITE)
                || (!command.subcommands().isEmpty() && command.factsOf(args, 0).is("write"));
        Transaction queued = command.is(Flag.EXEC) ? client.transaction() : null;
        if (settings.readOnly() && !client.primary()) {
            CommandFacts facts = command.factsOf(args, 0);
            if (writes || (queued != null && queued.any(Flag.WRITE))) {
                throw new CommandException(READONLY);
            }
            if (settings.loading() && !(facts.is("loading") && (queued == null || queued.whileLoading()))) {
                throw new CommandException(LOADING);
            }
        }
        String refusal = keyspace.durability().refusal();
        if (refusal == null) {
            return;
        }
        // A script is refused its first write; Redis tells who only asks whether it is well, too, but no script.
        if (writes
                || (queued != null && queued.any(Flag.WRITE))
                || (keyspace.durability().fails() && command.name().equals("ping"))) {
            throw new CommandException(refusal);
        }
    }

    /**
     * Asked by all loops: where values go that are too long for the heap, and how much a command takes that makes one by naming a place.
     *
     * @param node whose keys they are
     */
    record LongValues(NodeState node) {
        private static final int BITS = 3;
        /** For what is not kept, whatever it is. */
        private static final LongArgument NOWHERE = new LongArgument() {
            @Override
            public boolean add(ByteBuf from, int count) {
                return false;
            }

            @Override
            public boolean add(byte[] from, int offset, int count) {
                return false;
            }

            @Override
            public int length() {
                return 0;
            }

            @Override
            public byte[] part(int from, int count) {
                return new byte[count];
            }

            @Override
            public void release() {}
        };

        /** Where an argument of so many bytes goes that follows these: into pages, where its command makes it a string; else null. */
        @Nullable
        LongArgument argument(@Nullable Command command, Client client, Args before, int length) {
            int key = command == null ? 0 : key(command.name(), before.count());
            if (command == null || key == 0 || !may(command, client, before)) {
                return null;
            }
            if (node.settings().cachePolicy().handsOn(client.db(), before.bytes(key))) {
                return null;
            }
            int slot = Slots.of(before.buffer(), before.offset(key), before.length(key));
            Topology cluster = node.topology().get();
            if (cluster.clustered() && !cluster.owns(slot)) {
                return NOWHERE;
            }
            return Strings.arriving(node.keyspace(), slot, length);
        }

        /** Whoever may not write the key is refused once the command is whole, and does not have keys evicted before. */
        private boolean may(Command command, Client client, Args before) {
            Users users = node.settings().users();
            boolean known = client.authenticated() || users.open();
            boolean writes = !node.settings().readOnly() || client.primary();
            Verdict verdict = Users.check(users.of(client.user()), command.factsOf(before, 0), before);
            return known && writes && verdict.denied() == null;
        }

        /** There was no memory for a command, which was read and forgotten but for these arguments, or its key is another node's. */
        void refuse(CommandTable table, Client client, Args begun) {
            Transaction transaction = client.transaction();
            if (transaction != null) {
                transaction.fail();
            }
            ReplyMode mode = client.replyMode();
            if (mode == ReplyMode.ON) {
                String text = elsewhere(table, client, begun);
                client.out().error(text);
                node.stats().error(text.substring(0, text.indexOf(' ')));
            } else if (mode != ReplyMode.OFF) {
                // This was the command whose reply is skipped.
                client.replyMode(ReplyMode.ON);
            }
        }

        private String elsewhere(CommandTable table, Client client, Args begun) {
            Topology cluster = node.topology().get();
            Command command = begun.count() == 0 ? null : table.find(begun);
            try {
                if (cluster.clustered() && command != null) {
                    Routing.route(table, cluster, command, client, begun);
                }
                return OOM;
            } catch (CommandException e) {
                return String.valueOf(e.getMessage());
            }
        }

        /** Which argument names the key that the argument is a value of; 0 where it is none that is kept as it comes. */
        private static int key(String command, int argument) {
            return switch (command) {
                case "set", "setnx", "getset", "append" -> argument == 2 ? 1 : 0;
                case "setex", "psetex", "setrange" -> argument == 3 ? 1 : 0;
                case "mset", "msetnx" -> argument % 2 == 0 ? argument - 1 : 0;
                default -> 0;
            };
        }

        /** How many bytes a command needs beside its arguments, as it names a place far behind a string's end or copies one. */
        long growth(Command command, Client client, Args args) {
            return switch (command.name()) {
                case "append" -> joined(client, args);
                case "setrange" -> to(client, args, number(args, 2) + args.length(3));
                case "setbit" -> to(client, args, (number(args, 2) >> BITS) + 1);
                case "bitfield" -> to(client, args, fields(args));
                case "copy" -> possible(length(client, args, 1));
                case "bitop" -> {
                    long longest = 0;
                    for (int i = 3; i < args.count(); i++) {
                        longest = Math.max(longest, length(client, args, i));
                    }
                    yield possible(longest);
                }
                default -> 0;
            };
        }

        /** The same of all commands of a transaction, as their keys are before it. */
        long growth(CommandTable table, Client client, Transaction transaction) {
            long sum = 0;
            for (Args each : transaction.queued()) {
                Command command = table.find(each);
                long more = command == null || !command.is(Flag.GROWS) ? 0 : growth(command, client, each);
                // What grows gets room to grow on.
                sum += more + (more >> 4);
            }
            return possible(sum);
        }

        /** What comes is there beside the string until it is part of it. */
        private long joined(Client client, Args args) {
            int more = args.length(2);
            long there = more < LongArguments.LONG ? 0 : length(client, args, 1);
            return there == 0 || there + more > node.limits().maxBulk() ? 0 : possible(more);
        }

        private long to(Client client, Args args, long end) {
            if (end < LongArguments.LONG || end > node.limits().maxBulk()) {
                return 0;
            }
            long there = length(client, args, 1);
            // SETRANGE's argument becomes the string where there is none, and has its room.
            boolean whole = there == 0 && args.longAt(3) != null && end == args.length(3);
            return whole ? 0 : possible(Math.max(0, end - there));
        }

        private long possible(long bytes) {
            return Strings.mayFit(node.keyspace(), bytes) ? bytes : 0;
        }

        private static long fields(Args args) {
            long end = 0;
            for (int i = 2; i + 2 < args.count(); i++) {
                if (args.is(i, "SET") || args.is(i, "INCRBY")) {
                    boolean scaled = args.length(i + 2) > 1 && args.buffer()[args.offset(i + 2)] == '#';
                    int skipped = scaled ? 1 : 0;
                    long width = scaled ? number(args, i + 1, 1) : 1;
                    long place = number(args, i + 2, skipped);
                    end = Math.max(end, place > Long.SIZE * (long) Integer.MAX_VALUE ? 0 : (place * width) >> BITS);
                }
            }
            return end;
        }

        private static long number(Args args, int arg) {
            return number(args, arg, 0);
        }

        /** What an argument says behind so many characters; 0 where that is no number that counts. */
        private static long number(Args args, int arg, int skipped) {
            if (args.length(arg) <= skipped) {
                return 0;
            }
            long value = Numbers.parse(args.buffer(), args.offset(arg) + skipped, args.length(arg) - skipped);
            return value == Numbers.INVALID || value < 0 || value > Integer.MAX_VALUE * (long) Long.SIZE ? 0 : value;
        }

        private long length(Client client, Args args, int arg) {
            KeyRef key = new KeyRef()
                    .set(node.keyspace().hasher(), client.db(), args.buffer(), args.offset(arg), args.length(arg));
            Segment segment = node.keyspace().segment(key.slot());
            segment.lock();
            try {
                Entry entry = segment.peek(key, node.clock().millis());
                return entry == null || !entry.isString() ? 0 : entry.length();
            } finally {
                segment.unlock();
            }
        }
    }
}
