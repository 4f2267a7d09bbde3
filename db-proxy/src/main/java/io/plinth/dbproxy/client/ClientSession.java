package io.plinth.dbproxy.client;

import io.netty.buffer.ByteBuf;
import io.netty.channel.Channel;
import io.netty.channel.EventLoop;
import io.netty.util.concurrent.Future;
import io.plinth.dbproxy.database.Database;
import io.plinth.dbproxy.database.StatementCaches;
import io.plinth.dbproxy.group.Answers;
import io.plinth.dbproxy.group.GroupPlan;
import io.plinth.dbproxy.group.Intake;
import io.plinth.dbproxy.group.LazyTransaction;
import io.plinth.dbproxy.group.LocalReplies;
import io.plinth.dbproxy.group.Parting;
import io.plinth.dbproxy.mirror.LoopMirror;
import io.plinth.dbproxy.rule.RuleSet;
import io.plinth.dbproxy.rule.Ruling;
import io.plinth.dbproxy.server.PreparedStatement;
import io.plinth.dbproxy.server.ServerConnection;
import io.plinth.dbproxy.session.CancelKeys;
import io.plinth.dbproxy.session.Names;
import io.plinth.dbproxy.session.SessionSettings;
import io.plinth.dbproxy.session.StartupSettings;
import io.plinth.dbproxy.usage.Usage;
import io.plinth.dbproxy.wire.ClientMessage;
import io.plinth.dbproxy.wire.FrameReader;
import io.plinth.dbproxy.wire.Frontend;
import io.plinth.dbproxy.wire.SqlError;
import io.plinth.dbproxy.wire.SqlException;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * A client that is logged in. Owned by its channel's event loop, as are the server connections it uses.
 *
 * <p>Messages are gathered into groups, up to a Sync, Flush or query; one group at a time is planned, given a server
 * connection and sent, and the next one follows its ReadyForQuery.
 */
final class ClientSession implements Conversation, CancelKeys.Cancellable {
    private final Channel channel;
    private final Names names;
    private final SessionSettings settings;
    private final Servers servers;
    private final Exchange exchange;
    private final Usage usage;
    private final FrameReader frames;
    private final Front front;
    private final Database database;
    private final Database.User user;
    private final StatementCaches caches;
    private final Intake intake;
    private final Answers answers;
    private final Subscriptions subscriptions;
    private final OutsideWork outside;
    private final LazyTransaction transaction = new LazyTransaction();
    private boolean skipToSync;
    private boolean running;
    /** Whether what was sent last ended with Flush: the server has not said how it stands. */
    private boolean groupOpen;

    private final Ruling ruling = new Ruling();
    private @Nullable Future<?> timing;
    private @Nullable Duration timed;

    private @Nullable GroupPlan planned;

    ClientSession(
            Channel channel,
            FrameReader frames,
            Front front,
            Database database,
            Database.User user,
            StartupSettings startup) {
        this.channel = channel;
        this.names = new Names(front.limits().preparedStatements());
        this.settings = new SessionSettings(startup.settings());
        this.usage = front.usage().of(channel.eventLoop(), database.name());
        this.servers = new Servers(front, front.pools().of(channel.eventLoop()), database, user, usage);
        this.exchange = new Exchange(this, channel, names, settings, servers, front, database, user);
        servers.serve(this, exchange);
        this.frames = frames;
        this.front = front;
        this.database = database;
        this.user = user;
        this.intake = new Intake(front.limits().pipelineBytes(), front.limits().pipelineMessages());
        this.caches = front.cachesOf(channel.eventLoop());
        this.answers = new Answers(channel, names, this::status);
        this.subscriptions =
                new Subscriptions(channel, () -> exchange.idle() && servers.attached() == null, servers::listener);
        this.outside =
                new OutsideWork(this, front, database, user, servers, settings::wanted, subscriptions, names, channel);
    }

    Usage usage() {
        return usage;
    }

    SessionSettings settings() {
        return settings;
    }

    Servers servers() {
        return servers;
    }

    @Override
    public void receive(ClientMessage message) throws SqlException {
        assert channel.eventLoop().inEventLoop() : "session used off its event loop";
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

    private void copyEnds(byte type, byte[] body) {
        if (!outside.copyEnds(type, body)) {
            exchange.copyEnds(type, body);
        }
    }

    private void gather(ClientMessage message) throws SqlException {
        if (copying()) {
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
    void regulate() {
        boolean full = intake.full() && !frames.midFrame();
        boolean on = !full && !(exchange.copying() ? !servers.writable() : outside.chokes());
        if (channel.config().isAutoRead() != on) {
            channel.config().setAutoRead(on);
        }
    }

    /** Runs groups as far as they go without waiting; what is sent must not fall into the middle of a frame. */
    void next() {
        if (running || frames.midFrame()) {
            return;
        }
        running = true;
        List<ClientMessage> group = following();
        while (group != null) {
            process(group);
            group = following();
        }
        running = false;
        if (!exchange.closed()) {
            regulate();
        }
    }

    /** The next group, when the one before is over, or the server has all of it. */
    private @Nullable List<ClientMessage> following() {
        if (!exchange.idle()) {
            return null;
        }
        if (!owed()) {
            endRuling();
        }
        return intake.next();
    }

    /** Whether the server still runs what came before a Flush. */
    private boolean owed() {
        ServerConnection server = servers.attached();
        return groupOpen && server != null && !server.settled();
    }

    private void rule(GroupPlan plan) throws SqlException {
        RuleSet rules = database.rules().statements();
        if (rules.isEmpty()) {
            return;
        }
        plan.rule(rules, ruling);
        Duration timeout = ruling.timeout();
        if (timeout != null && !timeout.equals(timed)) {
            stopTiming();
            timed = timeout;
            timing = channel.eventLoop().schedule(this::stop, timeout.toMillis(), TimeUnit.MILLISECONDS);
        }
    }

    private void endRuling() {
        ruling.end();
        timed = null;
        stopTiming();
    }

    private void stopTiming() {
        Future<?> timer = timing;
        timing = null;
        if (timer != null) {
            timer.cancel(false);
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
        GroupPlan plan = new GroupPlan(
                names, caches, database, user.name(), servers.attachedShard(), !groupOpen && servers.mayMove());
        try {
            plan.read(group);
            rule(plan);
            if (database.rules().statementMode() && plan.begins()) {
                throw new SqlException(
                        SqlError.NOT_SUPPORTED, "transaction blocks are not allowed in statement pooling mode");
            }
            servers.writes().of(plan.key(), servers.attached() != null || !transaction.none());
            if (alone(plan)) {
                return;
            }
            transaction.demandNotFailed();
            Parting parting = plan.parting();
            if (parting != null) {
                transaction.demandOneView(parting);
                outside.carryOut(plan, parting, servers.attached() == null && transaction.none());
                return;
            }
            plan.check(servers.onReplica(), servers::ownPast, settings.hasPending());
            if (database.rules().twoPhase()) {
                servers.spread().leaves(inside() || plan.begins() ? plan.staysFor() : null);
            }
            if (servers.attached() != null && !plan.shard().equals(servers.attachedShard())) {
                outside.move(plan);
                return;
            }
        } catch (SqlException e) {
            front.metrics().refused.inc();
            refuse(e.error(), endsReady, plan.begins() && !database.rules().statementMode());
            return;
        }
        ServerConnection attached = servers.attached();
        if (attached != null) {
            send(attached, plan, false);
        } else {
            attachFor(plan, transaction.replicaWill(plan, settings.wanted()));
        }
    }

    private boolean inside() {
        return servers.attached() != null || !transaction.none();
    }

    /** The group waits for the server connection it is to be sent to. */
    void planned(GroupPlan plan) {
        exchange.await();
        planned = plan;
    }

    /** Gets a server connection for the group. */
    void attachFor(GroupPlan plan, boolean replicaWill) {
        planned(plan);
        servers.attach(plan.shard(), replicaWill);
    }

    /** Answers what no server has to see; false when one has to. */
    private boolean alone(GroupPlan plan) throws SqlException {
        if (servers.attached() == null && transaction.none() && outside.listens(plan)) {
            return true;
        }
        if (outside.ends(plan)) {
            return true;
        }
        boolean answered = answers.alone(plan, servers.attached() == null, transaction);
        if (answered) {
            front.metrics().local.inc();
        }
        return answered;
    }

    Exchange exchange() {
        return exchange;
    }

    void named(String name, @Nullable PreparedStatement statement) {
        if (statement != null) {
            names.confirm(name, statement);
        }
    }

    void unnamed(String name) {
        names.remove(name);
    }

    EventLoop loop() {
        return channel.eventLoop();
    }

    /** Where reads are sent as well, or null. */
    @Nullable
    LoopMirror mirror() {
        return front.mirrors().of(database.name(), channel.eventLoop());
    }

    /** A group is under way elsewhere. */
    void carryOut() {
        exchange.await();
    }

    /** {@code tag} is null when the client has been told all but that it is ready. */
    void carriedOut(GroupPlan plan, @Nullable String tag, LocalReplies.@Nullable Rows rows) {
        if (!exchange.closed()) {
            outside.over(plan, false);
            exchange.proceed();
            if (tag == null) {
                names.settle(servers.attached() == null);
                answers.ready();
            } else {
                answers.done(plan, tag, rows);
            }
            next();
        }
    }

    void notCarriedOut(GroupPlan plan, SqlError why) {
        if (!exchange.closed()) {
            outside.over(plan, true);
            exchange.proceed();
            refuse(why, plan.endsReady(), false);
            next();
        }
    }

    /** A server connection is there and has the session's settings. */
    void attached(ServerConnection server) {
        attached(server, true);
    }

    /** {@code fresh}: the server was attached for the group that waits, so nothing of the client's is open there. */
    void attached(ServerConnection server, boolean fresh) {
        GroupPlan plan = planned;
        planned = null;
        if (plan == null || exchange.closed()) {
            servers.release();
            return;
        }
        exchange.proceed();
        send(server, plan, fresh);
        next();
    }

    void notAttached(SqlError why) {
        GroupPlan plan = planned;
        planned = null;
        if (plan != null && !exchange.closed()) {
            exchange.proceed();
            refuse(why, plan.endsReady(), plan.begins());
            next();
        }
    }

    /** A transaction on several shards has ended, elsewhere than in the exchange. */
    void transactionOver() {
        exchange.transactionOver();
    }

    private void send(ServerConnection server, GroupPlan plan, boolean fresh) {
        groupOpen = !plan.endsReady();
        exchange.send(server, plan, transaction.handOver(), fresh);
    }

    /** Tells the client of an error of ours; a transaction that is open on a server is made to fail there. */
    private void refuse(SqlError error, boolean endsReady, boolean begins) {
        ServerConnection attached = servers.attached();
        if (attached != null) {
            exchange.refuse(attached, error, endsReady);
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

    @Override
    public boolean copying() {
        return exchange.copying() || outside.streaming();
    }

    @Override
    public void copied(ByteBuf run) {
        if (!outside.copied(run)) {
            exchange.copied(run);
        }
    }

    /** Whether a part of the client's frame has been handed on, and the rest of it has not come yet. */
    boolean midFrame() {
        return frames.midFrame();
    }

    /** What the client sends up to its next Sync is not looked at. */
    void skipToSync() {
        skipToSync = true;
    }

    /** Writes what has waited for the end of what the client did. */
    void deliver() {
        subscriptions.deliver();
    }

    @Override
    public void clientWritable() {
        servers.reading();
        outside.clientWritable();
    }

    /** The server connection is gone; {@code why} is null when the client was told already. */
    void lost(@Nullable SqlError why) {
        if (!exchange.closed()) {
            close();
            answers.fatal(why);
        }
    }

    @Override
    public void cancel() {
        channel.eventLoop().execute(() -> {
            front.metrics().cancels.inc();
            stop();
        });
    }

    /** Cancels what is under way. */
    private void stop() {
        if (!outside.cancel(true) && exchange.waiting() && servers.stopWaiting()) {
            notAttached(SqlError.of(SqlError.QUERY_CANCELED, "canceling statement due to user request"));
        } else if (exchange.underWay() || owed()) {
            ServerConnection server = servers.attached();
            if (server != null) {
                front.cancelSender().cancel(server);
            }
        }
    }

    @Override
    public boolean quiet() {
        return exchange.idle() && servers.attached() == null && transaction.none() && intake.empty();
    }

    @Override
    public State state() {
        ServerConnection server = servers.attached();
        return new State(
                exchange.waiting(),
                exchange.began(),
                settings.known("application_name"),
                names.count(),
                server == null ? "" : server.key().name());
    }

    /** What it used is given back where that is safe, and closed otherwise. */
    @Override
    public void close() {
        if (exchange.closed()) {
            return;
        }
        exchange.close();
        endRuling();
        intake.clear();
        outside.cancel(false);
        servers.close();
        subscriptions.close();
    }
}
