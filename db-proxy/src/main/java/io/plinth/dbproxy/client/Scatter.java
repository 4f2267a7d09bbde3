package io.plinth.dbproxy.client;

import io.netty.buffer.ByteBuf;
import io.netty.channel.Channel;
import io.plinth.dbproxy.copy.RowWriter;
import io.plinth.dbproxy.database.Database;
import io.plinth.dbproxy.database.StatementCaches;
import io.plinth.dbproxy.group.GroupPlan;
import io.plinth.dbproxy.group.GroupPlan.Step;
import io.plinth.dbproxy.group.LocalReplies;
import io.plinth.dbproxy.group.Parting;
import io.plinth.dbproxy.merge.MergePlan;
import io.plinth.dbproxy.merge.RowMerger;
import io.plinth.dbproxy.merge.Rows;
import io.plinth.dbproxy.route.SqlPlan;
import io.plinth.dbproxy.server.Expectation;
import io.plinth.dbproxy.server.PreparedStatement;
import io.plinth.dbproxy.server.ServerConnection;
import io.plinth.dbproxy.server.Settings;
import io.plinth.dbproxy.session.Names;
import io.plinth.dbproxy.shard.ShardedCopy;
import io.plinth.dbproxy.trace.SharedWork;
import io.plinth.dbproxy.wire.Backend;
import io.plinth.dbproxy.wire.BackendWriter;
import io.plinth.dbproxy.wire.ClientMessage;
import io.plinth.dbproxy.wire.Frontend;
import io.plinth.dbproxy.wire.FrontendWriter;
import io.plinth.dbproxy.wire.SqlError;
import io.plinth.dbproxy.wire.SqlException;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * Runs a query on every shard and merges the rows for the client, as fast as it takes them. Owned by the session's event
 * loop; used once. Each shard answers with its own snapshot.
 */
final class Scatter {
    /** No parameters, and all columns in binary form. */
    private static final byte[] BINARY = {0, 0, 0, 0, 0, 1, 0, 1};

    private final ClientSession session;
    private final Front front;
    private final Channel channel;
    private final Servers servers;
    private final Settings settings;
    private final Names names;
    private final GroupPlan plan;
    private final PreparedStatement statement;
    /** Of a COPY, or null. */
    private final @Nullable RowWriter writer;

    private final MergePlan merge;
    private final RowMerger merger;
    private final List<String> shards;
    private final byte[] tail;
    private final Function<String, @Nullable ServerConnection> own;
    private final boolean inside;
    private final SharedWork work;
    private final List<ServerConnection> held = new ArrayList<>();
    private final Set<ServerConnection> borrowed = new HashSet<>();
    private int draining;
    private Runnable drained = () -> {};
    private final List<ShardStream> streams = new ArrayList<>();
    private boolean described;
    private boolean pumping;
    private boolean over;

    Scatter(
            ClientSession session,
            Front front,
            Channel channel,
            Database database,
            Servers servers,
            Settings settings,
            StatementCaches caches,
            Names names,
            GroupPlan plan,
            Parting.Query query,
            boolean inside,
            SharedWork work,
            Function<String, @Nullable ServerConnection> own)
            throws SqlException {
        this.inside = inside;
        this.work = work;
        this.own = own;
        this.merge = query.merge();
        this.shards = query.shards();
        this.session = session;
        this.front = front;
        this.channel = channel;
        this.servers = servers;
        this.settings = settings;
        this.plan = plan;
        this.names = names;
        ShardedCopy copy = query.copy();
        this.writer = copy == null ? null : new RowWriter(copy);
        ClientMessage.Bind bound = bindOf(plan);
        if (copy != null) {
            this.tail = copy.format() == ShardedCopy.Format.BINARY ? BINARY : new byte[0];
        } else {
            this.tail = bound == null ? new byte[0] : Rows.formats(bound.body(), bound.tail(), merge.hidden());
        }
        this.statement = caches.once(merge.sql(), new SqlPlan(List.of(), null), null);
        this.merger = new RowMerger(
                merge, shards.size(), database.bytewise(), database.rules().maxMerge());
    }

    /** The one Bind of the group; throws when there is more in it than one statement. */
    static ClientMessage.@Nullable Bind bindOf(GroupPlan plan) throws SqlException {
        ClientMessage.Bind found = null;
        boolean executed = false;
        for (Step step : plan.steps()) {
            boolean fits = switch (step.message()) {
                case ClientMessage.Query _, ClientMessage.Parse _, ClientMessage.Sync _ -> true;
                case ClientMessage.Bind _ -> found == null;
                case ClientMessage.Describe describe -> describe.kind() == Frontend.PORTAL;
                case ClientMessage.Execute execute -> execute.rows() == 0;
                // Drivers close what they have no use for any more in front of the next query.
                case ClientMessage.Close close -> close.kind() == Frontend.STATEMENT && !executed;
                default -> false;
            };
            if (!fits) {
                throw new SqlException(new SqlError(
                        SqlError.NOT_SUPPORTED,
                        "a statement over several shards beside other messages, or with a row limit, is not supported",
                        "Send it alone, without a fetch size."));
            }
            found = step.message() instanceof ClientMessage.Bind each ? each : found;
            executed |= step.message() instanceof ClientMessage.Execute;
        }
        return found;
    }

    void run() {
        servers.passGate(() -> gather(0));
    }

    /** One connection after the other, always in the same order, so that two queries cannot wait for each other. */
    private void gather(int index) {
        if (over) {
            return;
        }
        if (index == shards.size()) {
            verify();
            return;
        }
        ServerConnection mine = own.apply(shards.get(index));
        if (mine != null) {
            borrowed.add(mine);
            held.add(mine);
            if (mine.open()) {
                gather(index + 1);
            } else {
                lost(mine, OutsideWork.lost(mine));
            }
            return;
        }
        servers.find(
                shards.get(index),
                plan.readOnly(),
                connection -> {
                    held.add(connection);
                    gather(index + 1);
                },
                this::failed);
    }

    /** Shards have one view of each statement together only where a transaction has no view of its own. */
    private void verify() {
        if (!inside) {
            start();
            return;
        }
        ServerConnection asked =
                borrowed.isEmpty() ? held.getFirst() : borrowed.iterator().next();
        String changes = borrowed.isEmpty() ? asked.applied().towards(settings) : "";
        asked.inject(
                changes
                        + (changes.isEmpty() || changes.endsWith(";") ? "" : ";")
                        + (borrowed.isEmpty() ? "SHOW default_transaction_isolation" : "SHOW transaction_isolation"),
                outcome -> {
                    if (over) {
                        return;
                    }
                    SqlError error = outcome.error();
                    String level = error != null || outcome.rows().isEmpty()
                            ? ""
                            : String.valueOf(outcome.rows().getLast().getFirst());
                    if (error != null) {
                        failed(error);
                    } else if (!level.startsWith("read ")) {
                        failed(new SqlError(
                                SqlError.NOT_SUPPORTED,
                                "a query over several shards inside a transaction that is " + level
                                        + " is not supported",
                                "Use READ COMMITTED, or ask outside the transaction."));
                    } else {
                        if (borrowed.isEmpty()) {
                            asked.applied(settings);
                        }
                        start();
                    }
                });
    }

    private void start() {
        for (int i = 0; i < held.size() && !over; i++) {
            begin(i, held.get(i));
        }
    }

    private void begin(int index, ServerConnection connection) {
        ShardStream stream = new ShardStream(this, index, connection, merger);
        streams.add(stream);
        String changes =
                borrowed.contains(connection) ? "" : connection.applied().towards(settings);
        if (changes.isEmpty()) {
            ask(stream);
            return;
        }
        connection.inject(changes, outcome -> {
            SqlError error = outcome.error();
            if (over) {
                return;
            }
            if (error != null) {
                failed(error);
            } else {
                connection.applied(settings);
                ask(stream);
            }
        });
    }

    private void ask(ShardStream stream) {
        if (over) {
            return;
        }
        ServerConnection server = stream.connection();
        if (!server.open()) {
            lost(server, OutsideWork.lost(server));
            return;
        }
        server.attach(stream);
        work.begin(server.key());
        ByteBuf out = server.allocator().buffer();
        if (tail.length == 0) {
            server.prepared().forgetUnnamed();
            server.expect(new Expectation.Query(statement.plan()));
            FrontendWriter.query(out, statement.sql());
        } else {
            server.prepared().unnamed(statement);
            server.expect(new Expectation.Parse(statement, null, true));
            FrontendWriter.parse(out, "", statement.sql(), writer == null ? plan.boundTypes() : new int[0]);
            server.expect(new Expectation.Bind());
            FrontendWriter.bind(out, "", "", tail, 0);
            server.expect(new Expectation.DescribePortal());
            FrontendWriter.named(out, Frontend.DESCRIBE, Frontend.PORTAL, "");
            server.expect(new Expectation.Execute(null));
            FrontendWriter.execute(out, "", 0);
            server.expect(new Expectation.Sync(false));
            FrontendWriter.bare(out, Frontend.SYNC);
        }
        server.send(out);
    }

    /** A shard tells of its columns; the client is told once. */
    void described(byte[] description) throws SqlException {
        byte[] told = merger.described(description);
        if (described) {
            return;
        }
        described = true;
        if (writer != null) {
            begin(writer, Rows.names(told));
            return;
        }
        ByteBuf out = channel.alloc().buffer();
        for (Step step : plan.steps()) {
            switch (step.message()) {
                case ClientMessage.Parse parse -> {
                    BackendWriter.bare(out, Backend.PARSE_COMPLETE);
                    session.named(parse.name(), step.statement());
                }
                case ClientMessage.Close close -> {
                    BackendWriter.bare(out, Backend.CLOSE_COMPLETE);
                    session.unnamed(close.name());
                }
                case ClientMessage.Bind _ -> BackendWriter.bare(out, Backend.BIND_COMPLETE);
                case ClientMessage.Query _, ClientMessage.Describe _ -> message(out, Backend.ROW_DESCRIPTION, told);
                default -> {}
            }
        }
        channel.write(out, channel.voidPromise());
    }

    private void begin(RowWriter to, List<String> columns) throws SqlException {
        byte[] response = to.response(columns);
        byte[] head = to.head(columns);
        ByteBuf out = channel.alloc().buffer();
        new LocalReplies(names, out).begin(plan);
        message(out, Backend.COPY_OUT, response);
        if (head != null) {
            message(out, Backend.COPY_DATA, head);
        }
        channel.write(out, channel.voidPromise());
    }

    private static void message(ByteBuf out, byte type, byte[] body) {
        out.writeByte(type).writeInt(4 + body.length).writeBytes(body);
    }

    /** Hands on rows for as long as there are some and the client takes them. */
    void pump() {
        if (over || pumping) {
            return;
        }
        pumping = true;
        try {
            byte[] row = channel.isWritable() ? merger.next() : null;
            while (row != null) {
                byte[] body = writer == null ? row : writer.row(row);
                ByteBuf out = channel.alloc().buffer(5 + body.length);
                message(out, writer == null ? Backend.DATA_ROW : Backend.COPY_DATA, body);
                channel.write(out, channel.voidPromise());
                row = channel.isWritable() ? merger.next() : null;
            }
            channel.flush();
            boolean ended = streams.size() == shards.size() && streams.stream().allMatch(ShardStream::over);
            if (ended && merger.over()) {
                finish();
            } else {
                drop();
                streams.forEach(ShardStream::resume);
            }
        } catch (SqlException e) {
            failed(e.error());
        } finally {
            pumping = false;
        }
    }

    /** The client has all it asked for: what still comes is not kept. */
    private void drop() {
        if (merger.full()) {
            merger.forget();
        }
    }

    private void finish() {
        over = true;
        ByteBuf out = channel.alloc().buffer(32);
        if (writer != null) {
            byte[] last = writer.tail();
            if (last != null) {
                message(out, Backend.COPY_DATA, last);
            }
            BackendWriter.bare(out, Backend.COPY_DONE);
        }
        BackendWriter.commandComplete(out, (writer == null ? "SELECT " : "COPY ") + merger.sent());
        channel.write(out, channel.voidPromise());
        session.carriedOut(plan, null, null);
    }

    /** A shard has answered: its connection is free. */
    void ended(ShardStream stream) {
        ServerConnection connection = stream.connection();
        held.remove(connection);
        work.end(connection.key(), false);
        if (borrowed.contains(connection)) {
            session.exchange().retake(connection);
            pump();
            return;
        }
        connection.loop().execute(() -> servers.giveBack(connection));
        pump();
    }

    void failed(SqlError why) {
        if (over) {
            return;
        }
        streams.stream()
                .filter(ShardStream::failed)
                .forEach(stream -> work.end(stream.connection().key(), true));
        SqlError told = merge.told(why);
        drained = () -> session.notCarriedOut(plan, told);
        abandon();
    }

    /** A server connection is gone; the client's own transaction with it, where it was that one's. */
    void lost(ServerConnection connection, SqlError why) {
        if (over) {
            return;
        }
        drained = borrowed.contains(connection) ? () -> session.lost(why) : () -> session.notCarriedOut(plan, why);
        abandon();
    }

    /** The client does not want it any more, or is gone; false when it is over. */
    boolean cancel(SqlError why, boolean tell) {
        if (over) {
            return false;
        }
        servers.stopWaiting();
        if (tell) {
            drained = () -> session.notCarriedOut(plan, why);
        }
        abandon();
        return true;
    }

    /**
     * What has not answered is closed, so that nothing of it reaches anybody; the transaction's own connections are waited
     * for, as it goes on to its end there.
     */
    private void abandon() {
        over = true;
        for (ServerConnection connection : List.copyOf(held)) {
            ShardStream stream = streamOf(connection);
            boolean running = connection.open() && !connection.settled();
            if (borrowed.contains(connection)) {
                if (running && stream != null) {
                    draining++;
                    stream.drain(() -> {
                        session.exchange().retake(connection);
                        settle();
                    });
                    if (!stream.failed()) {
                        front.cancelSender().cancel(connection);
                    }
                } else if (stream != null && !stream.over()) {
                    stream.end();
                    session.exchange().retake(connection);
                }
                continue;
            }
            if (stream != null) {
                stream.end();
            }
            if (running) {
                front.cancelSender().cancel(connection);
                connection.detach(front.nanoTime().getAsLong());
                connection.close();
            }
            connection.loop().execute(() -> servers.giveBack(connection));
        }
        held.clear();
        draining++;
        settle();
    }

    private void settle() {
        draining--;
        if (draining == 0) {
            drained.run();
        }
    }

    private @Nullable ShardStream streamOf(ServerConnection connection) {
        for (ShardStream stream : streams) {
            if (stream.connection() == connection) {
                return stream;
            }
        }
        return null;
    }
}
