package io.plinth.kvcache.command;

import io.plinth.kvcache.cluster.Topology;
import io.plinth.kvcache.command.Command.Flag;
import io.plinth.kvcache.command.spec.CommandFacts;
import io.plinth.kvcache.command.stats.CommandTimes;
import io.plinth.kvcache.command.stats.HotKeys;
import io.plinth.kvcache.command.stats.Observations;
import io.plinth.kvcache.command.stats.SlowLog;
import io.plinth.kvcache.keyspace.KeyRef;
import io.plinth.kvcache.keyspace.ScriptTurn;
import io.plinth.kvcache.keyspace.Segment;
import io.plinth.kvcache.keyspace.SegmentSet;
import io.plinth.kvcache.keyspace.SegmentsHeldException;
import io.plinth.kvcache.keyspace.memory.NoRoomException;
import io.plinth.kvcache.session.Client;
import io.plinth.kvcache.session.Dispatcher;
import io.plinth.kvcache.session.ReplyMode;
import io.plinth.kvcache.session.Transaction;
import io.plinth.kvcache.wire.Args;
import io.plinth.kvcache.wire.LongArgument;
import io.plinth.kvcache.wire.ReplyWriter;
import java.util.List;
import java.util.Objects;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/** Owned by one event loop: takes a command from its name to its reply. */
public final class CommandExecutor implements Dispatcher {
    private static final String BUSY =
            "BUSY Redis is busy running a script. You can only call SCRIPT KILL or SHUTDOWN NOSAVE.";

    private final NodeState node;
    private final CommandTable table;
    private final SegmentSet segments = new SegmentSet();
    private final Blocking blocking;
    private final QueuedCommands queued;
    private final LongSupplier clock;
    private final CommandTimes times;
    private final HotKeys hotKeys;
    private @Nullable Call call;
    /** The command that runs was held back before, and is not held back again. */
    private boolean released;
    /** The error of the last such one. */
    private @Nullable String releasedError;
    /** The command that runs has dropped itself what is not to be sent. */
    private boolean silenced;
    /** When the last command ended, in nanoseconds, which is when the next one begins; 0 where none follows at once. */
    private long since;

    public CommandExecutor(NodeState node, CommandTable table) {
        this.node = node;
        this.table = table;
        this.blocking = new Blocking(node);
        this.queued = new QueuedCommands(node, table, this);
        this.clock = node.stats().clock();
        this.times = node.stats().observations().begin(table.rows().size());
        this.hotKeys = node.stats().hotKeys().begin();
    }

    /** All commands. */
    public CommandTable table() {
        return table;
    }

    @Override
    public boolean execute(Client client, Args args, long nowMillis) {
        Command command = table.find(args);
        if (command != null && mustWait(client, command, nowMillis)) {
            return false;
        }
        times.command();
        if (since == 0) {
            since = clock.getAsLong();
        }
        ReplyWriter out = client.out();
        int mark = out.size();
        if (client.replyMode() == ReplyMode.SKIP_NEXT) {
            client.replyMode(ReplyMode.SKIP);
        }
        boolean held = false;
        boolean tracking = node.tracking().active();
        if (tracking) {
            node.tracking().running(client);
        }
        client.startCommand(args.total());
        client.order(node.keyspace().databases().now());
        client.seen(nowMillis, command == null ? "NULL" : table.nameOf(command, args));
        try {
            Transaction transaction = client.transaction();
            try {
                admit(command, client, args);
            } catch (CommandException e) {
                if (transaction != null) {
                    transaction.fail();
                }
                refuse(command, client, args, e, mark);
                return true;
            }
            if (command != null) {
                if (transaction != null && !command.is(Flag.IN_MULTI)) {
                    queue(transaction, command, args, out);
                } else if (released || client.primary() || !policy().holds(this, command, client, args, nowMillis)) {
                    run(command, client, args, nowMillis);
                }
            }
        } catch (SegmentsHeldException e) {
            // A script holds what the command needs: it is given again.
            out.rewind(mark);
            held = true;
        } finally {
            if (released) {
                releasedError = out.errorAt(mark);
            }
            if (!silenced && (client.replyMode() == ReplyMode.OFF || client.replyMode() == ReplyMode.SKIP)) {
                out.rewind(mark);
            }
            silenced = false;
            if (client.replyMode() == ReplyMode.SKIP) {
                client.replyMode(ReplyMode.ON);
            }
            client.endCommand();
            if (tracking) {
                node.tracking().running(null);
                cachingIsOver(client, command);
            }
        }
        return !held;
    }

    /** How keys are cached here and now: a replica has what its primary has, and asks no loader. */
    public CachePolicy policy() {
        return node.settings().readOnly() ? CachePolicy.NONE : node.settings().cachePolicy();
    }

    /** Runs what its policy held back: its error, empty for none; null where it is to be given again. On this executor's loop. */
    public @Nullable String release(Client client, Args args) {
        released = true;
        try {
            return execute(client, args, node.clock().millis()) ? Objects.requireNonNullElse(releasedError, "") : null;
        } finally {
            released = false;
            rest();
        }
    }

    /** Changes keys of a segment without a command, and serves who waited for them. On this executor's loop. */
    public void change(Segment segment, Runnable action) {
        long now = node.clock().millis();
        segment.lock();
        try {
            action.run();
            serve(segment, now);
        } finally {
            segment.unlock();
        }
        blocking.serveDeferred(now);
    }

    @Override
    public void refuse(Client client, Args begun) {
        node.values().refuse(table, client, begun);
    }

    @Override
    public @Nullable LongArgument longArgument(Client client, Args before, int length) {
        return node.values().argument(table.find(before), client, before, length);
    }

    @Override
    public void rest() {
        since = 0;
    }

    /** It runs no more commands. */
    public void end() {
        node.stats().observations().end(times);
        node.stats().hotKeys().end(hotKeys);
    }

    /** CLIENT CACHING is for the next command, or for all of the next transaction. */
    private static void cachingIsOver(Client client, @Nullable Command command) {
        boolean isClient = command != null && command.name().equals("client");
        if (client.caching() && client.transaction() == null && !isClient) {
            client.caching(false);
        }
    }

    /** The client may keep what it reads now: remembered before it is read, while the key's segment is locked. */
    private void remember(Command command, Client reader, Args args) {
        if (command.factsOf(args, 0).is("readonly") && !command.is(Flag.SCRIPT)) {
            command.keys(args, 0, (i, access) -> node.tracking().remember(reader, args.bytes(i)));
        }
    }

    private boolean mustWait(Client client, Command command, long nowMillis) {
        boolean write = command.is(Flag.WRITE) || command.is(Flag.EXEC) || command.is(Flag.PUBSUB);
        return node.clients().paused(nowMillis, write)
                && !command.is(Flag.CONNECTION)
                && !(client.transaction() != null && !command.is(Flag.IN_MULTI));
    }

    private void refuse(@Nullable Command command, Client client, Args args, CommandException reason, int mark) {
        client.out().rewind(mark);
        if (command != null) {
            times.refused(command.takes(args.count()) ? table.row(command, args) : command.row());
        }
        String text = String.valueOf(reason.getMessage());
        if (command != null && command.is(Flag.EXEC)) {
            client.end();
            boolean routed = text.startsWith("MOVED ") || text.startsWith("CROSSSLOT ");
            text = routed ? text : "EXECABORT Transaction discarded because of: " + text.replaceFirst("^ERR ", "");
        }
        client.out().error(text);
        countError(client.out(), mark);
    }

    /** Counts an error that was written; answers whether one was. */
    private boolean countError(ReplyWriter out, int mark) {
        String word = out.errorAt(mark);
        if (word != null) {
            node.stats().error(word);
        }
        return word != null;
    }

    private static void queue(Transaction transaction, Command command, Args args, ReplyWriter out) {
        CommandFacts facts = command.factsOf(args, 0);
        int writes = facts.is("write") ? Flag.WRITE : 0;
        if (transaction.queue(args, command.flags() | writes, facts.is("loading"))) {
            out.queued();
        } else {
            transaction.fail();
            out.error(NodeState.OOM);
        }
    }

    /** Everything that can refuse a command before it does anything, in Redis's order. */
    private void admit(@Nullable Command command, Client client, Args args) {
        if (command == null) {
            if (args.is(0, "POST") || args.is(0, "HOST:")) {
                // A browser that was sent here; the lines of its request would run as commands.
                node.stats().error("HTTP");
                client.abort();
            }
            throw CommandException.unknown(args);
        }
        if (!command.takes(args.count())) {
            throw CommandException.arity(command.name());
        }
        if (!command.subcommands().isEmpty() && args.count() > 1) {
            command.checkSubcommand(args);
        }
        if (command.is(Flag.PROTECTED)) {
            Permissions.checkProtected(node, client, command, args);
        }
        if (!command.is(Flag.NO_AUTH)
                && !client.authenticated()
                && !node.settings().users().open()) {
            throw new CommandException("NOAUTH Authentication required.");
        }
        Permissions.check(node, client, command, args, client.transaction() == null ? "toplevel" : "multi");
        if (node.keyspace().turn().busy() && !command.factsOf(args, 0).is("allow_busy")) {
            throw new CommandException(BUSY);
        }
        if (client.transaction() != null && command.is(Flag.NO_MULTI)) {
            throw new CommandException("ERR Command not allowed inside a transaction");
        }
        Topology topology = node.topology().get();
        if (topology.clustered()) {
            Routing.route(table, topology, command, client, args);
        }
        Transaction transaction = command.is(Flag.EXEC) ? client.transaction() : null;
        node.admits(command, args, client);
        boolean grows = command.is(Flag.DENYOOM) || (transaction != null && transaction.any(Flag.DENYOOM));
        if (!node.makeRoom(table, command, client, args) && grows) {
            throw new CommandException(NodeState.OOM);
        }
        if (!released && !client.primary()) {
            policy().admit(command, client, args, client.transaction() != null && !command.is(Flag.IN_MULTI));
        }
        if (transaction != null && !client.primary()) {
            policy().admitAll(table, client, transaction.queued());
        }
        if (client.confined() && !command.is(Flag.WHILE_SUBSCRIBED)) {
            throw new CommandException("ERR Can't execute '"
                    + command.factsOf(args, 0).name()
                    + "': only (P|S)SUBSCRIBE / (P|S)UNSUBSCRIBE / PING / QUIT / RESET are allowed in this context");
        }
        if (client.monitors()) {
            Permissions.checkMonitor(command, args);
        }
    }

    private Call call(Command command, Client client, Args args, long nowMillis) {
        Call reused = call;
        if (reused == null) {
            reused = new Call(node, this, command, client, args);
            call = reused;
        }
        reused.set(command, client, args, nowMillis);
        return reused;
    }

    private void run(Command command, Client client, Args args, long nowMillis) {
        Call running = call(command, client, args, nowMillis);
        // MEMORY PURGE has no key where MEMORY USAGE has one.
        boolean keyless = !command.keyed() || (command.firstKey() >= args.count());
        if (keyless || command.is(Flag.CHANNELS | Flag.LOCKS_ITSELF)) {
            alone(command, running, nowMillis);
        } else if (command.oneKey()) {
            KeyRef key = running.key(command.firstKey());
            if (hotKeys.due()) {
                count(key, nowMillis);
            }
            Segment segment = node.keyspace().segment(key.slot());
            segment.lock();
            try {
                notExchanged(client);
                handleWhole(command, running, segment);
                serve(segment, nowMillis);
            } finally {
                segment.unlock();
            }
        } else {
            command.segments(args, segments);
            if (hotKeys.due()) {
                command.keys(args, 0, (i, access) -> count(running.key(i), nowMillis));
            }
            segments.lock(node.keyspace());
            // After a crash all of what it wrote is there, or nothing.
            long unit = command.is(Flag.WRITE) ? node.keyspace().nextUnit() : 0;
            try {
                notExchanged(client);
                if (unit != 0) {
                    segments.unit(node.keyspace(), unit);
                }
                handle(command, running);
                segments.forEach(node.keyspace(), segment -> serve(segment, nowMillis));
            } finally {
                if (unit != 0) {
                    segments.unit(node.keyspace(), 0);
                }
                segments.unlock(node.keyspace());
            }
        }
        blocking.serveDeferred(nowMillis);
    }

    /** A command of one key: who listens may want to hear all that it changes, or nothing. */
    private void handleWhole(Command command, Call running, Segment segment) {
        if (!command.is(Flag.WRITE)) {
            handle(command, running);
            return;
        }
        SegmentSet.begin(node.keyspace(), segment);
        try {
            handle(command, running);
        } finally {
            SegmentSet.end(segment);
        }
    }

    /** A command without keys, or that locks what it needs itself. */
    private void alone(Command command, Call running, long nowMillis) {
        if (!command.is(Flag.EVERYTHING) || command.is(Flag.LOCKS_ITSELF)) {
            handle(command, running);
        } else if (command.is(Flag.WRITE)) {
            ScriptTurn turn = node.keyspace().turn();
            turn.take();
            try {
                turn.lengthy();
                running.client().order(node.keyspace().databases().now());
                handle(command, running);
            } finally {
                turn.give();
            }
            node.keyspace().each(segment -> serve(segment, nowMillis));
        } else {
            handle(command, running);
            if (command.is(Flag.KEYSPACE)) {
                notExchanged(running.client());
            }
        }
    }

    /** A command is given again that took its database for another, as SWAPDB came before it had its segments. */
    @SuppressWarnings("ReferenceEquality") // each exchange makes another one
    void notExchanged(Client client) {
        if (client.order() != node.keyspace().databases().now()) {
            throw new SegmentsHeldException();
        }
    }

    private void serve(Segment segment, long nowMillis) {
        if (segment.waits().anyReady()) {
            blocking.serve(segment, nowMillis);
        }
    }

    /** Runs a command of a script, for which its caller has locked what it needs. */
    public void runHeld(Command command, Client client, Args args, long nowMillis) {
        Call running = call(command, client, args, nowMillis);
        running.atOnce();
        if (command.keyed() && hotKeys.due()) {
            command.keys(args, 0, (i, access) -> count(running.key(i), nowMillis));
        }
        since = clock.getAsLong();
        handle(command, running);
    }

    private void count(KeyRef key, long nowMillis) {
        hotKeys.count(key.hash(), key.db(), key.buffer(), key.offset(), key.length(), nowMillis);
    }

    /** Serves who waited for what a script changed; it still holds the segments. */
    public void served(SegmentSet changed, long nowMillis) {
        changed.forEach(node.keyspace(), segment -> serve(segment, nowMillis));
    }

    /** Serves who could not be served while segments were held. */
    public void servedAfterwards(long nowMillis) {
        blocking.serveDeferred(nowMillis);
    }

    /** Serves one that waits and that a script kept from being served. On this executor's loop. */
    void serveLater(BlockedCall call) {
        blocking.serveLater(call, node.clock().millis());
    }

    /** Runs a handler; its error replaces what it wrote. */
    private void handle(Command command, Call running) {
        ReplyWriter out = running.out();
        int mark = out.size();
        // EXEC gives the call other commands meanwhile.
        Args args = running.args();
        Client client = running.client();
        long now = running.now();
        long start = since;
        if (client.principal().tracking() != null) {
            remember(command, client.principal(), args);
        }
        try {
            command.handler().run(running);
        } catch (CommandException | NoRoomException e) {
            out.rewind(mark);
            out.error(String.valueOf(e.getMessage()));
        }
        since = clock.getAsLong();
        if (running.measuredElsewhere()) {
            return;
        }
        Observations observations = node.stats().observations();
        long took = since - start;
        times.ended(table.row(command, args), took, countError(out, mark), observations.tracked());
        if (took >= observations.attention()) {
            String name = command.is(Flag.ADMIN) ? "" : command.name();
            node.stats()
                    .monitors()
                    .show(
                            name,
                            client,
                            args,
                            node.clock().instant(),
                            node.clients().buffers());
            slow(command, client, SlowLog.shown(command.name(), args), took, now);
        }
    }

    private void slow(Command command, Client client, List<byte[]> shown, long took, long nowMillis) {
        Observations observations = node.stats().observations();
        observations.slow(command.is(Flag.FAST), !command.is(Flag.EXEC), shown, took, nowMillis, client.principal());
    }

    /** A command that went on elsewhere has ended. On this executor's loop. */
    public void ended(Command command, Client client, List<byte[]> shown, boolean failed, long took) {
        Observations observations = node.stats().observations();
        times.ended(command.row(), took, failed, observations.tracked());
        if (took >= observations.attention()) {
            slow(command, client, shown, took, node.clock().millis());
        }
    }

    /** EXEC: the queued commands with all their segments locked; a null when a watched key changed. */
    void executeQueued(Client client, Transaction transaction, long nowMillis) {
        queued.run(client, transaction, nowMillis);
    }

    /** The transaction that runs has dropped itself what is not to be sent. */
    void silenced() {
        silenced = true;
    }

    /** Runs a command of a transaction, whose segments are locked. */
    void runQueued(Command command, Client client, Args args, long nowMillis) {
        Call running = call(command, client, args, nowMillis);
        running.atOnce();
        handle(command, running);
    }
}
