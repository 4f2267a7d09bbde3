package io.plinth.dbproxy.group;

import io.netty.buffer.ByteBuf;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFutureListener;
import io.plinth.dbproxy.route.StatementPlan;
import io.plinth.dbproxy.session.Names;
import io.plinth.dbproxy.wire.BackendWriter;
import io.plinth.dbproxy.wire.SqlError;
import io.plinth.dbproxy.wire.SqlException;
import java.util.function.IntSupplier;
import org.jspecify.annotations.Nullable;

/** Owned by the client's event loop. What the proxy answers a client itself. */
public final class Answers {
    private final Channel channel;
    private final Names names;
    private final IntSupplier status;

    /**
     * Answers on a client's channel.
     *
     * @param status the transaction status that ReadyForQuery tells, as it is when that is written
     */
    public Answers(Channel channel, Names names, IntSupplier status) {
        this.channel = channel;
        this.names = names;
        this.status = status;
    }

    public void ready() {
        send(channel.alloc().buffer(6), true);
    }

    /** Tells of an error; ReadyForQuery follows where the group ends with it. */
    public void error(SqlError error, boolean thenReady) {
        ByteBuf out = channel.alloc().buffer(256);
        BackendWriter.error(out, "ERROR", error);
        send(out, thenReady);
    }

    /** Tells why the connection ends, and ends it. */
    public void fatal(@Nullable SqlError why) {
        ByteBuf out = channel.alloc().buffer(256);
        if (why != null) {
            BackendWriter.error(out, "FATAL", why);
        }
        channel.writeAndFlush(out).addListener(ChannelFutureListener.CLOSE);
    }

    /** Answers a group that was carried out with the tag of its statement. */
    public void done(GroupPlan plan, String tag, LocalReplies.@Nullable Rows rows) {
        ByteBuf out = channel.alloc().buffer(64);
        new LocalReplies(names, out).write(plan, tag, rows);
        names.settle(true);
        send(out, plan.endsReady());
    }

    /**
     * Answers what no server has to see; false when one has to.
     *
     * @param detached no server connection is the client's now
     */
    public boolean alone(GroupPlan plan, boolean detached, LazyTransaction transaction) throws SqlException {
        StatementPlan only = plan.only();
        if (!(detached && plan.local())
                && (only == null
                        || (only.kind() == StatementPlan.Kind.OTHER
                                && only.effect() instanceof StatementPlan.NoEffect))) {
            // Nearly all: nothing that may be answered here.
            return false;
        }
        ByteBuf out = channel.alloc().buffer(64);
        boolean answered = false;
        try {
            answered = write(plan, detached, transaction, out);
        } finally {
            if (!answered) {
                out.release();
            }
        }
        if (answered) {
            names.settle(detached);
            send(out, plan.endsReady());
        }
        return answered;
    }

    private boolean write(GroupPlan plan, boolean detached, LazyTransaction transaction, ByteBuf out)
            throws SqlException {
        StatementPlan only = plan.only();
        if (detached && plan.local()) {
            new LocalReplies(names, out).write(plan, "");
            return true;
        }
        if (only == null) {
            return false;
        }
        if (detached && transaction.answer(plan, only, new LocalReplies(names, out))) {
            return true;
        }
        if (only.effect() instanceof StatementPlan.Deallocate(String name) && plan.endsReady() && names.has(name)) {
            names.remove(name);
            new LocalReplies(names, out).write(plan, "DEALLOCATE");
            return true;
        }
        return false;
    }

    private void send(ByteBuf out, boolean thenReady) {
        if (thenReady) {
            BackendWriter.ready(out, (byte) status.getAsInt());
        }
        channel.writeAndFlush(out, channel.voidPromise());
    }
}
