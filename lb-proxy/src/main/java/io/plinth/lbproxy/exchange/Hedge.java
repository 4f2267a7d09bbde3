package io.plinth.lbproxy.exchange;

import io.netty.buffer.ByteBuf;
import io.plinth.lbproxy.upstream.Ending;
import io.plinth.lbproxy.upstream.HedgeLine;
import io.plinth.lbproxy.upstream.LoopPool;
import io.plinth.lbproxy.upstream.Overdue;
import io.plinth.lbproxy.upstream.Pick;
import io.plinth.lbproxy.upstream.Refusal;
import io.plinth.lbproxy.upstream.ServerLane;
import io.plinth.lbproxy.upstream.UpstreamConnection;
import io.plinth.lbproxy.upstream.UpstreamUser;
import org.jspecify.annotations.Nullable;

/**
 * A second server for a request whose answer takes long. Owned by its exchange's event loop; reused.
 *
 * <pre>
 * IDLE      -> WAITING    the request was sent to the first server
 * WAITING   -> ACQUIRING  its time has come, another server is there and the budget allows it
 * ACQUIRING -> SENT       connected, the head is sent
 * SENT      -> WON        its answer begins first, or the first server went; the exchange goes on with its connection
 * any       -> IDLE       the first server's answer begins, the exchange ends, no connection, the second server went
 * </pre>
 */
final class Hedge extends Overdue implements UpstreamUser {
    private enum State {
        IDLE,
        WAITING,
        ACQUIRING,
        SENT,
        WON
    }

    private final Exchange exchange;
    private final Worker worker;
    private final Pick pick = new Pick();
    private State state = State.IDLE;
    private @Nullable LoopPool pool;
    private @Nullable UpstreamConnection connection;
    private long sentAt;

    Hedge(Exchange exchange, Worker worker) {
        this.exchange = exchange;
        this.worker = worker;
    }

    /** A request that may be repeated was sent. */
    void begin(@Nullable LoopPool to) {
        HedgeLine line = to == null ? null : to.hedges();
        if (line != null) {
            pool = to;
            state = State.WAITING;
            line.add(this);
        }
    }

    @Override
    protected void overdue() {
        LoopPool from = pool;
        if (state != State.WAITING || from == null) {
            return;
        }
        state = State.ACQUIRING;
        if (!exchange.attempts.elsewhere(pick) || !from.hedge(this)) {
            state = State.IDLE;
        } else {
            worker.counts().add(Worker.HEDGES, 1);
            exchange.ledger.hedged();
        }
    }

    /** No second server is wanted any more; what it was sent is cancelled. */
    void cancel() {
        State before = state;
        if (before == State.WON) {
            return;
        }
        state = State.IDLE;
        LoopPool from = pool;
        HedgeLine line = from == null ? null : from.hedges();
        if (line != null) {
            line.remove(this);
        }
        UpstreamConnection current = connection;
        connection = null;
        if (before == State.ACQUIRING && current != null) {
            current.abandon();
        } else if (before == State.ACQUIRING && from != null) {
            from.cancel(this);
        } else if (before == State.SENT && current != null) {
            current.discard();
        }
    }

    /** Whether a second server was sent the request. */
    boolean sent() {
        return state == State.SENT;
    }

    /** The exchange goes on with the second server. */
    void win() {
        UpstreamConnection current = connection;
        connection = null;
        state = State.WON;
        if (current != null) {
            worker.counts().add(Worker.HEDGES_WON, 1);
            exchange.hedgeWon(current, sentAt);
        }
    }

    @Override
    public Pick pick() {
        return pick;
    }

    @Override
    public void connecting(UpstreamConnection to) {
        connection = to;
    }

    @Override
    public void connected(UpstreamConnection to) {
        connection = to;
        state = State.SENT;
        sentAt = worker.now();
        exchange.send(to);
        to.flush();
    }

    @Override
    public void connectFailed(ServerLane lane, String why) {
        connection = null;
        state = State.IDLE;
    }

    @Override
    public void refused(Refusal why) {
        state = State.IDLE;
    }

    @Override
    public void responseBytes(ByteBuf in) {
        if (state == State.SENT) {
            win();
        }
        if (state == State.WON) {
            exchange.responseBytes(in);
        }
    }

    @Override
    public void responsePause() {
        if (state == State.WON) {
            exchange.responsePause();
        }
    }

    @Override
    public void serverClosed(Ending how) {
        if (state == State.WON) {
            exchange.serverClosed(how);
        } else {
            connection = null;
            state = State.IDLE;
        }
    }

    @Override
    public void serverWritable(boolean writable) {
        if (state == State.WON) {
            exchange.serverWritable(writable);
        }
    }
}
