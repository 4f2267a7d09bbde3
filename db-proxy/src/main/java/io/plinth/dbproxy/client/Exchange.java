package io.plinth.dbproxy.client;

import io.netty.buffer.ByteBuf;
import io.netty.channel.Channel;
import io.plinth.dbproxy.database.Database;
import io.plinth.dbproxy.group.GroupPlan;
import io.plinth.dbproxy.group.GroupSender;
import io.plinth.dbproxy.group.Repetition;
import io.plinth.dbproxy.mirror.LoopMirror;
import io.plinth.dbproxy.mirror.Shot;
import io.plinth.dbproxy.route.SqlPlan;
import io.plinth.dbproxy.route.StatementPlan;
import io.plinth.dbproxy.server.PreparedStatement;
import io.plinth.dbproxy.server.ReplySink;
import io.plinth.dbproxy.server.ServerConnection;
import io.plinth.dbproxy.session.Names;
import io.plinth.dbproxy.session.SessionSettings;
import io.plinth.dbproxy.usage.Usage;
import io.plinth.dbproxy.wire.Backend;
import io.plinth.dbproxy.wire.FrontendWriter;
import io.plinth.dbproxy.wire.SqlError;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * What a session has under way on its server connection: groups sent, copied data, and the replies, which are passed on
 * and kept account of. Owned by the session's event loop.
 *
 * <pre>
 *   IDLE --group--> WAITING --server connection--> RUNNING --ReadyForQuery--> IDLE
 *     \--group that ends in Flush, or whose server is attached--/   |  ^
 *                                                        CopyInResponse |CopyDone, CopyFail, error
 *                                                                   COPYING
 *   any --client or server lost--> CLOSED
 * </pre>
 */
final class Exchange implements ReplySink {
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

    private final ClientSession session;
    private final Channel channel;
    private final Names names;
    private final SessionSettings settings;
    private final Servers servers;
    private final Front front;
    private final Database database;
    private final Database.User user;
    private final ClientMetrics metrics;
    private final LongSupplier nanoTime;
    private final Usage usage;
    private final Effects effects;
    private final Repetition repetition = new Repetition();
    private State state = State.IDLE;
    private boolean readyOwed;
    private boolean looking;
    private boolean releaseOwed;
    private long began;
    private @Nullable PreparedStatement sent;
    private @Nullable Shot shot;
    private boolean failed;

    Exchange(
            ClientSession session,
            Channel channel,
            Names names,
            SessionSettings settings,
            Servers servers,
            Front front,
            Database database,
            Database.User user) {
        this.front = front;
        this.database = database;
        this.user = user;
        this.session = session;
        this.channel = channel;
        this.names = names;
        this.settings = settings;
        this.servers = servers;
        this.metrics = front.metrics();
        this.nanoTime = front.nanoTime();
        this.usage = session.usage();
        this.began = nanoTime.getAsLong();
        this.effects = new Effects(names, settings, servers);
    }

    boolean idle() {
        return state == State.IDLE;
    }

    boolean waiting() {
        return state == State.WAITING;
    }

    boolean copying() {
        return state == State.COPYING;
    }

    boolean closed() {
        return state == State.CLOSED;
    }

    /** Whether the server works for the client now, so that a cancel request has something to hit. */
    boolean underWay() {
        return readyOwed || state == State.COPYING;
    }

    /** A group is under way elsewhere, or waits for its server connection. */
    void await() {
        state = State.WAITING;
    }

    /** What was awaited is there, or will not be. */
    void proceed() {
        state = State.IDLE;
    }

    /** When the last group was sent. */
    long began() {
        return began;
    }

    /** {@code beginning}: the transaction's, put off until now. {@code fresh}: the server was attached for this group. */
    void send(ServerConnection server, GroupPlan plan, byte @Nullable [] beginning, boolean fresh) {
        began = fresh ? servers.usable() : nanoTime.getAsLong();
        (server.key().replica() ? metrics.toReplica : metrics.toPrimary).inc();
        GroupSender sender = new GroupSender(server, usage);
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
            servers.writes().begin(server);
        }
        if (plan.callsFunction()) {
            servers.pin();
        }
        boolean alone = fresh && beginning == null && plan.endsReady() && !plan.begins();
        mirror(server, plan, alone && plan.readOnly());
        PreparedStatement first = plan.first();
        sent = first == null ? sent : first;
        repetition.sent(plan, alone);
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

    private void mirror(ServerConnection server, GroupPlan plan, boolean may) {
        LoopMirror mirror = may ? session.mirror() : null;
        StatementPlan only = mirror == null ? null : plan.only();
        boolean fits = only != null
                && only.kind() == StatementPlan.Kind.OTHER
                && only.effect() instanceof StatementPlan.NoEffect;
        failed = false;
        shot = mirror != null && fits
                ? mirror.take(plan, settings.wanted(), server.key().login())
                : null;
    }

    /** Makes the transaction that is open on the server fail there, with an error of ours. */
    void refuse(ServerConnection server, SqlError error, boolean endsReady) {
        if (endsReady) {
            readyOwed = true;
            state = State.RUNNING;
        }
        new GroupSender(server, usage).refusal(error, endsReady);
    }

    void copyEnds(byte type, byte[] body) {
        ServerConnection server = servers.attached();
        if (state == State.COPYING && server != null) {
            endCopy();
            ByteBuf out = channel.alloc().buffer(5 + body.length);
            FrontendWriter.raw(out, type, body);
            server.send(out);
            session.next();
        }
    }

    /** A connection of the open transaction has done what it was lent for. */
    void retake(ServerConnection connection) {
        if (connection.equals(servers.attached())) {
            connection.attach(this);
            connection.reading(true);
        } else {
            connection.detach(nanoTime.getAsLong());
        }
    }

    private void endCopy() {
        state = readyOwed ? State.RUNNING : State.IDLE;
    }

    /** Takes ownership of copied data. */
    void copied(ByteBuf run) {
        ServerConnection server = servers.attached();
        if (server == null || state == State.CLOSED) {
            run.release();
            if (state != State.CLOSED && !session.midFrame()) {
                // The rest of a COPY over several shards that has failed.
                session.next();
            }
            return;
        }
        server.send(run);
        if (!server.writable()) {
            session.regulate();
        }
        if (!session.midFrame()) {
            if (releaseOwed) {
                releaseOwed = false;
                servers.release();
            }
            session.next();
        }
    }

    /** The client is gone, or must go. */
    void close() {
        state = State.CLOSED;
        if (releaseOwed) {
            servers.drop();
        }
    }

    @Override
    public void bytes(ByteBuf run) {
        repetition.told();
        usage.sent += run.readableBytes();
        channel.write(run, channel.voidPromise());
    }

    @Override
    public void flush() {
        channel.flush();
    }

    @Override
    public boolean writable() {
        return channel.isWritable();
    }

    @Override
    public void serverWritable(boolean writable) {
        if (state != State.CLOSED) {
            session.regulate();
        }
    }

    @Override
    public void parsed(String name, PreparedStatement statement) {
        names.confirm(name, statement);
    }

    @Override
    public void unnamed(String name) {
        names.remove(name);
    }

    @Override
    public void completed(SqlPlan plan, int index, String tag) {
        StatementPlan statement = statement(plan, index);
        if (statement != null) {
            effects.completed(statement, tag);
        }
    }

    private static @Nullable StatementPlan statement(SqlPlan plan, int index) {
        return index < plan.statements().size() ? plan.statements().get(index) : null;
    }

    @Override
    public boolean parameter(String name, String value, boolean ours) {
        return settings.reported(name, value, ours);
    }

    @Override
    public boolean repeats(SqlError error, boolean standby) {
        return repetition.helps(error, servers.attached(), standby);
    }

    @Override
    public void failed(@Nullable SqlPlan plan, int index) {
        failed = true;
        effects.failed(plan == null ? null : statement(plan, index));
        if (looking) {
            session.skipToSync();
        }
        if (state == State.COPYING) {
            endCopy();
        }
    }

    @Override
    public void repeat() {
        GroupPlan plan = repetition.take();
        ServerConnection server = servers.attached();
        if (plan == null || server == null) {
            return;
        }
        metrics.repeated.inc();
        if (server.standby() && !server.key().replica()) {
            servers.drop();
            session.attachFor(plan, false);
        } else {
            new GroupSender(server, usage).group(plan);
        }
    }

    @Override
    public void copyIn(boolean owed) {
        readyOwed = owed;
        state = State.COPYING;
        channel.flush();
        session.regulate();
    }

    @Override
    public void ready(byte status) {
        readyOwed = false;
        usage.queries++;
        measure(nanoTime.getAsLong() - began);
        boolean over = status == Backend.IDLE;
        names.settle(over);
        effects.ready(over);
        if (over) {
            // Known to have written before the client knows: its next read may come on another loop.
            servers.writes().acknowledge(servers.attached());
            // The connection will be another client's when its read completes, so this one's flush is due now.
            channel.flush();
            if (session.midFrame()) {
                // A COPY has failed, and the server still waits for the rest of a frame to drop it.
                releaseOwed = true;
            } else {
                servers.release();
            }
        }
        state = State.IDLE;
        session.next();
        session.deliver();
    }

    /** The transaction has ended elsewhere, on all its servers. */
    void transactionOver() {
        effects.ready(true);
    }

    private void measure(long nanos) {
        usage.queryNanos += nanos;
        servers.answered(nanos);
        PreparedStatement statement = sent;
        sent = null;
        Shot mirrored = shot;
        shot = null;
        if (mirrored != null) {
            mirrored.answered(nanos, failed);
        }
        if (statement != null) {
            usage.statements.add(statement.plan().fingerprint(), statement.sql(), nanos);
            tellSlow(statement, nanos);
            trace(statement, nanos);
        }
    }

    private void trace(PreparedStatement statement, long nanos) {
        ServerConnection server = servers.attached();
        if (front.traces().on() && server != null) {
            front.traces()
                    .took(
                            statement.sql(),
                            settings.known("application_name"),
                            nanos,
                            failed,
                            database.name(),
                            user.name(),
                            server.key().name(),
                            server.key().shard());
        }
    }

    private void tellSlow(PreparedStatement statement, long nanos) {
        long slow = database.rules().slowNanos();
        if (slow > 0 && nanos >= slow) {
            ServerConnection server = servers.attached();
            front.slow()
                    .add(
                            nanoTime.getAsLong(),
                            nanos,
                            database.name(),
                            user.name(),
                            settings.known("application_name"),
                            server == null ? "" : server.key().name(),
                            statement.plan().fingerprint(),
                            statement.sql());
        }
    }

    @Override
    public void synced() {
        looking = false;
        names.settle(true);
        effects.ready(true);
        channel.flush();
        servers.release();
        state = State.IDLE;
        session.next();
    }

    @Override
    public void lost(@Nullable SqlError why) {
        session.lost(why);
    }
}
