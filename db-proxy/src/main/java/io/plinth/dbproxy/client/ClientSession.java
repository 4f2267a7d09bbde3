package io.plinth.dbproxy.client;

import io.netty.buffer.ByteBuf;
import io.netty.channel.Channel;
import io.netty.channel.EventLoop;
import io.plinth.dbproxy.database.Database;
import io.plinth.dbproxy.database.StatementCaches;
import io.plinth.dbproxy.merge.MergePlan;
import io.plinth.dbproxy.pool.Waiter;
import io.plinth.dbproxy.server.PreparedStatement;
import io.plinth.dbproxy.server.ServerConnection;
import io.plinth.dbproxy.session.CancelKeys;
import io.plinth.dbproxy.session.Names;
import io.plinth.dbproxy.session.SessionSettings;
import io.plinth.dbproxy.session.StartupSettings;
import io.plinth.dbproxy.wire.Backend;
import io.plinth.dbproxy.wire.ClientMessage;
import io.plinth.dbproxy.wire.FrameReader;
import io.plinth.dbproxy.wire.Frontend;
import io.plinth.dbproxy.wire.FrontendWriter;
import io.plinth.dbproxy.wire.SqlError;
import io.plinth.dbproxy.wire.SqlException;
import java.util.List;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * A client that is logged in. Owned by its channel's event loop, as are the server connections it uses.
 *
 * <p>Messages are gathered into groups, up to a Sync, Flush or query; one group at a time is planned, given a server
 * connection and sent, and the next one follows its ReadyForQuery.
 *
 * <pre>
 *   IDLE --group--> WAITING --server connection--> RUNNING --ReadyForQuery--> IDLE
 *     \--group that ends in Flush, or whose server is attached--/   |  ^
 *                                                        CopyInResponse |CopyDone, CopyFail, error
 *                                                                   COPYING
 *   any --client or server lost--> CLOSED
 * </pre>
 */
final class ClientSession extends Bookkeeping implements CancelKeys.Cancellable {
    private enum State {
        /** Takes the next group. */
        IDLE,
        /** A group waits for a server connection, or for its settings there. */
        WAITING,
        /** A server owes ReadyForQuery. */
        RUNNING,
        /** The server takes copied data. */
        COPYING,
        CLOSED
    }

    private final FrameReader frames;
    private final Front front;
    private final Database database;
    private final StatementCaches caches;
    private final Intake intake;
    private final Answers answers;
    private final Subscriptions subscriptions;
    private final OutsideWork outside;
    private final LazyTransaction transaction = new LazyTransaction();
    private State state = State.IDLE;
    private boolean readyOwed;
    private boolean skipToSync;
    private boolean running;
    private boolean releaseOwed;
    private boolean looking;
    private @Nullable GroupPlan planned;

    ClientSession(
            Channel channel,
            FrameReader frames,
            Front front,
            Database database,
            Database.User user,
            StartupSettings startup) {
        super(
                channel,
                new Names(front.limits().preparedStatements()),
                new SessionSettings(startup.settings()),
                new Servers(front, front.pools().of(channel.eventLoop()), database, user));
        servers.serve(this);
        this.frames = frames;
        this.front = front;
        this.database = database;
        this.intake = new Intake(front.limits());
        this.caches = front.cachesOf(channel.eventLoop());
        this.answers = new Answers(channel, names, this::status);
        this.subscriptions =
                new Subscriptions(channel, () -> state == State.IDLE && servers.attached() == null, servers::listener);
        this.outside = new OutsideWork(this, front, database, servers, settings::wanted, subscriptions, channel);
    }

    SessionSettings settings() {
        return settings;
    }

    Servers servers() {
        return servers;
    }

    /** Takes a message from the client. */
    void receive(ClientMessage message) throws SqlException {
        assertOwner();
        switch (message) {
            case ClientMessage.Terminate _ -> channel.close();
            case ClientMessage.CopyPiece _ -> {}
            case ClientMessage.CopyDone _ -> copyEnds(Frontend.COPY_DONE, new byte[0]);
            case ClientMessage.CopyFail fail -> copyEnds(Frontend.COPY_FAIL, fail.body());
            case ClientMessage.Password _ ->
                throw new SqlException(SqlError.PROTOCOL_VIOLATION, "password message outside of authentication");
            default -> gather(message);
        }
    }

    private void gather(ClientMessage message) throws SqlException {
        if (state == State.COPYING) {
            // A server ignores Sync and Flush while it takes copied data (copyfromparse.c).
            if (message instanceof ClientMessage.Sync || message instanceof ClientMessage.Flush) {
                return;
            }
            throw new SqlException(SqlError.PROTOCOL_VIOLATION, "a query during COPY (expected: data or its end)");
        }
        if (intake.add(message)) {
            next();
        }
        regulate();
    }

    /** Reads on only while what the client has sent ahead is within bounds. */
    private void regulate() {
        boolean full = intake.full() && !frames.midFrame();
        channel.config().setAutoRead(!full && !(state == State.COPYING && !servers.writable()));
    }

    /** Runs groups as far as they go without waiting; what is sent must not fall into the middle of a frame. */
    private void next() {
        if (running || frames.midFrame()) {
            return;
        }
        running = true;
        List<ClientMessage> group = state == State.IDLE ? intake.next() : null;
        while (group != null) {
            process(group);
            group = state == State.IDLE ? intake.next() : null;
        }
        running = false;
        if (state != State.CLOSED) {
            regulate();
        }
    }

    private void process(List<ClientMessage> group) {
        boolean endsReady = GroupPlan.endsReady(group.getLast());
        if (skipToSync) {
            if (group.getLast() instanceof ClientMessage.Sync) {
                skipToSync = false;
                answers.ready();
            }
            return;
        }
        GroupPlan plan = new GroupPlan(names, caches, database, servers.attachedShard());
        try {
            plan.read(group);
            if (database.rules().statementMode() && plan.begins()) {
                throw new SqlException(
                        SqlError.NOT_SUPPORTED, "transaction blocks are not allowed in statement pooling mode");
            }
            if (alone(plan)) {
                return;
            }
            transaction.demandNotFailed();
            if (plan.everywhere() != null) {
                everywhere(plan);
                return;
            }
            MergePlan merge = plan.merge();
            if (merge != null) {
                outside.scatter(plan, merge, servers.attached() == null && transaction.none());
                return;
            }
            plan.check(servers, settings.hasPending());
        } catch (SqlException e) {
            front.metrics().refused.inc();
            refuse(e.error(), endsReady, plan.begins() && !database.rules().statementMode());
            return;
        }
        ServerConnection attached = servers.attached();
        if (attached != null) {
            send(attached, plan, false);
        } else {
            state = State.WAITING;
            planned = plan;
            servers.attach(plan.shard(), transaction.replicaWill(plan, settings.wanted()));
        }
    }

    /** Answers what no server has to see; false when one has to. */
    private boolean alone(GroupPlan plan) throws SqlException {
        if (servers.attached() == null && transaction.none() && outside.listens(plan)) {
            return true;
        }
        boolean answered = answers.alone(plan, servers.attached() == null, transaction);
        if (answered) {
            front.metrics().local.inc();
        }
        return answered;
    }

    private void everywhere(GroupPlan plan) throws SqlException {
        PreparedStatement definition = plan.everywhere();
        if (definition == null || servers.attached() != null || !transaction.none()) {
            plan.refuseEverywhere();
            return;
        }
        carryOut();
        outside.everywhere(plan, definition);
    }

    EventLoop loop() {
        return channel.eventLoop();
    }

    /** A group is under way elsewhere. */
    void carryOut() {
        state = State.WAITING;
    }

    /** {@code tag} is null when the client has been told all but that it is ready. */
    void carriedOut(GroupPlan plan, @Nullable String tag) {
        if (state != State.CLOSED) {
            state = State.IDLE;
            if (tag == null) {
                names.settle(true);
                answers.ready();
            } else {
                answers.done(plan, tag);
            }
            next();
        }
    }

    void notCarriedOut(GroupPlan plan, SqlError why) {
        if (state != State.CLOSED) {
            state = State.IDLE;
            refuse(why, plan.endsReady(), false);
            next();
        }
    }

    /** A server connection is there and has the session's settings. */
    void attached(ServerConnection server) {
        GroupPlan plan = planned;
        planned = null;
        if (plan == null || state == State.CLOSED) {
            servers.release();
            return;
        }
        state = State.IDLE;
        send(server, plan, true);
        next();
    }

    void notAttached(SqlError why) {
        GroupPlan plan = planned;
        planned = null;
        if (plan != null && state != State.CLOSED) {
            state = State.IDLE;
            refuse(why, plan.endsReady(), plan.begins());
            next();
        }
    }

    /** {@code fresh}: the server was attached for this group, so nothing of the client's is open there. */
    private void send(ServerConnection server, GroupPlan plan, boolean fresh) {
        (server.key().replica() ? front.metrics().toReplica : front.metrics().toPrimary).inc();
        GroupSender sender = new GroupSender(server);
        byte[] beginning = transaction.handOver();
        if (beginning != null) {
            sender.begin(beginning, outcome -> {
                SqlError error = outcome.error();
                if (error != null && server.open()) {
                    servers.drop();
                    lost(error);
                }
            });
        }
        if (!plan.readOnly()) {
            servers.wrote();
        }
        repetition.sent(plan, fresh && beginning == null && plan.endsReady() && !plan.begins());
        if (plan.endsReady()) {
            readyOwed = true;
            state = State.RUNNING;
        }
        if (fresh && beginning == null && !plan.endsReady() && plan.looksOnly()) {
            // The client's Sync may be long in coming, and what it runs then may belong to another shard.
            looking = true;
            state = State.RUNNING;
            sender.synced(plan);
        } else {
            sender.group(plan);
        }
    }

    /** Tells the client of an error of ours; a transaction that is open on a server is made to fail there. */
    private void refuse(SqlError error, boolean endsReady, boolean begins) {
        ServerConnection attached = servers.attached();
        if (attached != null) {
            if (endsReady) {
                readyOwed = true;
                state = State.RUNNING;
            }
            new GroupSender(attached).refusal(error, endsReady);
            return;
        }
        names.settle(true);
        transaction.fail(begins);
        skipToSync |= !endsReady;
        answers.error(error, endsReady);
    }

    private byte status() {
        ServerConnection attached = servers.attached();
        if (attached != null) {
            return attached.status();
        }
        return transaction.status();
    }

    private void copyEnds(byte type, byte[] body) {
        ServerConnection server = servers.attached();
        if (state == State.COPYING && server != null) {
            state = readyOwed ? State.RUNNING : State.IDLE;
            ByteBuf out = channel.alloc().buffer(5 + body.length);
            FrontendWriter.raw(out, type, body);
            server.send(out);
            next();
        }
    }

    boolean copying() {
        return state == State.COPYING;
    }

    /** Takes ownership of copied data. */
    void copied(ByteBuf run) {
        ServerConnection server = servers.attached();
        if (server == null || state == State.CLOSED) {
            run.release();
            return;
        }
        server.send(run);
        if (!server.writable()) {
            regulate();
        }
        if (!frames.midFrame()) {
            if (releaseOwed) {
                releaseOwed = false;
                servers.release();
            }
            next();
        }
    }

    void clientWritable() {
        servers.reading();
        outside.clientWritable();
    }

    @Override
    public void serverWritable(boolean writable) {
        if (state != State.CLOSED) {
            regulate();
        }
    }

    @Override
    public void failed(String code) {
        effects.failed();
        skipToSync |= looking;
        if (state == State.COPYING) {
            state = readyOwed ? State.RUNNING : State.IDLE;
        }
    }

    @Override
    public void repeat() {
        GroupPlan plan = repetition.take();
        ServerConnection server = servers.attached();
        if (plan == null || server == null) {
            return;
        }
        front.metrics().repeated.inc();
        if (server.standby() && !server.key().replica()) {
            servers.drop();
            state = State.WAITING;
            planned = plan;
            servers.attach(plan.shard(), false);
        } else {
            new GroupSender(server).group(plan);
        }
    }

    @Override
    public void copyIn(boolean owed) {
        readyOwed = owed;
        state = State.COPYING;
        channel.flush();
        regulate();
    }

    @Override
    public void ready(byte status) {
        readyOwed = false;
        boolean over = status == Backend.IDLE;
        names.settle(over);
        effects.ready(over);
        if (over) {
            // The connection will be another client's when its read completes, so this one's flush is due now.
            channel.flush();
            if (frames.midFrame()) {
                // A COPY has failed, and the server still waits for the rest of a frame to drop it.
                releaseOwed = true;
            } else {
                servers.release();
            }
        }
        state = State.IDLE;
        next();
        subscriptions.deliver();
    }

    @Override
    public void synced() {
        looking = false;
        names.settle(true);
        effects.ready(true);
        channel.flush();
        servers.release();
        state = State.IDLE;
        next();
    }

    @Override
    public void lost(@Nullable SqlError why) {
        if (state == State.CLOSED) {
            return;
        }
        close();
        answers.fatal(why);
    }

    @Override
    public void cancel() {
        channel.eventLoop().execute(() -> {
            front.metrics().cancels.inc();
            if (!outside.cancel(true) && state == State.WAITING && servers.stopWaiting()) {
                notAttached(SqlError.of(SqlError.QUERY_CANCELED, "canceling statement due to user request"));
            } else if (readyOwed || state == State.COPYING) {
                ServerConnection server = servers.attached();
                if (server != null) {
                    front.cancelSender().cancel(server);
                }
            }
        });
    }

    /** Whether nothing is under way, so that the client may be let go. */
    boolean quiet() {
        return state == State.IDLE && servers.attached() == null && transaction.none() && intake.empty();
    }

    /** The client is gone, or must go: what it used is given back where that is safe, and closed otherwise. */
    void close() {
        if (state == State.CLOSED) {
            return;
        }
        state = State.CLOSED;
        intake.clear();
        outside.cancel(false);
        if (releaseOwed) {
            servers.drop();
        }
        servers.close();
        subscriptions.close();
    }

    /** Makes a wish for a connection known under this session's clock. */
    Waiter waiter(Consumer<ServerConnection> granted, Consumer<SqlError> refused) {
        return new Waiter(front.nanoTime().getAsLong(), granted, refused);
    }

    private void assertOwner() {
        assert channel.eventLoop().inEventLoop() : "session used off its event loop";
    }
}
