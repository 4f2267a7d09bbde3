package io.plinth.lbproxy.wire.http2;

import io.netty.buffer.ByteBuf;
import io.plinth.lbproxy.wire.http1.TrailerFields;
import java.util.ArrayDeque;
import org.jspecify.annotations.Nullable;

/**
 * One stream: its windows, and what waits for the peer to open them. Owned by its connection's event loop.
 *
 * <pre>
 * open -> remote ended -> closed     the peer's END_STREAM, then ours; or the other way round
 * any  -> closed                     RST_STREAM either way, or the connection ends
 * </pre>
 */
public abstract class Http2Stream {
    /** Waiting bytes at which {@link #writable} turns false. */
    private static final int HIGH = 32 * 1024;

    private final Endpoint endpoint;
    private int id;
    private long sendWindow;
    private int receiveWindow;
    private int unacknowledged;
    private @Nullable ArrayDeque<ByteBuf> queue;
    private int queued;
    private long sent;
    private boolean endQueued;
    private @Nullable TrailerFields queuedTrailers;
    private boolean localEnded;
    private boolean remoteEnded;
    private boolean closed;
    private boolean heldBack;
    /** Whether it stands in the endpoint's line of those with something to send. */
    boolean inLine;

    protected Http2Stream(Endpoint endpoint) {
        this.endpoint = endpoint;
    }

    final void open(int number, int send, int receive) {
        id = number;
        sendWindow = send;
        receiveWindow = receive;
    }

    public final int id() {
        return id;
    }

    public final boolean closed() {
        return closed;
    }

    public final boolean localEnded() {
        return localEnded;
    }

    public final boolean remoteEnded() {
        return remoteEnded;
    }

    // ---- what the peer sends

    /** Where the fields of the next header block go. */
    protected abstract FieldSink fields();

    /** A header block is complete; {@code overLimit} when fields of it were left out. */
    protected abstract void headers(boolean end, boolean overLimit) throws Fault;

    /**
     * Body bytes, to be {@link #consumed} once they went on.
     *
     * @param payload good during the call, retain what stays
     */
    protected abstract void data(ByteBuf payload, boolean end) throws Fault;

    /** The stream is over without its END_STREAM: reset, or the connection ended. */
    protected abstract void gone(int code);

    /** The peer takes bytes again that {@link #writable} said it did not. */
    protected abstract void writableAgain();

    /** Some of what waited has gone out. */
    protected abstract void progressed();

    final void received(int flow) throws Fault {
        receiveWindow -= flow;
        if (receiveWindow < 0) {
            endpoint.consumed(flow);
            throw Fault.stream(id, ErrorCode.FLOW_CONTROL_ERROR, "more data than the stream's window");
        }
    }

    final void remoteEnd() {
        remoteEnded = true;
    }

    /** Body bytes have gone on: the peer may send as many again. */
    public final void consumed(int bytes) {
        if (bytes == 0) {
            return;
        }
        endpoint.consumed(bytes);
        unacknowledged += bytes;
        if (!remoteEnded && !closed && unacknowledged >= endpoint.limits().streamWindow() / 2) {
            receiveWindow += unacknowledged;
            endpoint.writer().windowUpdate(id, unacknowledged);
            unacknowledged = 0;
        }
    }

    // ---- what goes to the peer

    /** Whether it takes more for now; after false, {@link #writableAgain} tells of a change. */
    public final boolean writable() {
        boolean open = queued < HIGH && endpoint.output().writable();
        heldBack |= !open;
        return open;
    }

    final void sendWindow(long change) throws Fault {
        sendWindow += change;
        if (sendWindow > Integer.MAX_VALUE) {
            throw Fault.stream(id, ErrorCode.FLOW_CONTROL_ERROR, "window above 2^31-1");
        }
        if (sendWindow > 0 && waiting()) {
            endpoint.line().add(this);
        }
    }

    /** Sends a header block that {@code encoder} holds. */
    public final void sendHeaders(HpackEncoder encoder, boolean end) {
        if (closed || localEnded) {
            return;
        }
        endpoint.writer().headers(id, encoder.block(), encoder.length(), end);
        if (end) {
            ended();
        }
    }

    /** Sends body bytes as the windows allow; owns them from now on. */
    public final void send(ByteBuf data) {
        if (closed || localEnded || endQueued || !data.isReadable()) {
            data.release();
            return;
        }
        if (queued == 0) {
            push(data, data.readableBytes());
        }
        if (!data.isReadable()) {
            data.release();
            return;
        }
        ArrayDeque<ByteBuf> waiting = queue;
        if (waiting == null) {
            waiting = new ArrayDeque<>();
            queue = waiting;
        }
        waiting.addLast(data);
        queued += data.readableBytes();
        endpoint.line().add(this);
    }

    /** Sends what the windows allow of {@code data}, at most {@code most}; returns how much that was. */
    private int push(ByteBuf data, int most) {
        int sent = 0;
        while (sent < most) {
            int count = (int) Math.min(
                    Math.min(sendWindow, endpoint.line().window()), Math.min(most - sent, FrameReader.MAX_PAYLOAD));
            if (count <= 0) {
                break;
            }
            endpoint.writer().data(id, data, count, false);
            endpoint.sent(count);
            sendWindow -= count;
            sent += count;
            this.sent += count;
        }
        return sent;
    }

    /** Ends our side, after trailers if there are any. */
    public final void sendEnd(@Nullable TrailerFields trailers) {
        if (closed || localEnded || endQueued) {
            return;
        }
        endQueued = true;
        queuedTrailers = trailers == null || trailers.count() == 0 ? null : trailers;
        if (queued == 0) {
            finish();
        } else if (queuedTrailers != null) {
            queuedTrailers = copy(queuedTrailers);
        }
    }

    private static TrailerFields copy(TrailerFields from) {
        TrailerFields copy = new TrailerFields();
        copy.beginFields();
        for (int i = 0; i < from.count(); i++) {
            copy.field(
                    from.bytes(),
                    from.nameStart(i),
                    from.nameEnd(i),
                    from.bytes(),
                    from.valueStart(i),
                    from.valueEnd(i));
        }
        return copy;
    }

    private void finish() {
        TrailerFields trailers = queuedTrailers;
        queuedTrailers = null;
        if (trailers != null) {
            HpackEncoder encoder = endpoint.encoder().begin();
            encoder.fields(trailers, TrailerFields.FORBIDDEN);
            if (encoder.length() > 0) {
                endpoint.writer().headers(id, encoder.block(), encoder.length(), true);
                ended();
                return;
            }
        }
        endpoint.writer().end(id);
        ended();
    }

    private void ended() {
        localEnded = true;
        endQueued = true;
        localEnd();
        if (remoteEnded) {
            close();
        }
    }

    /** Our side has ended: all of it is on its way. */
    protected abstract void localEnd();

    final void maybeClose() {
        if (localEnded && remoteEnded) {
            close();
        }
    }

    /** Body bytes that went out. */
    protected final long sent() {
        return sent;
    }

    /** Whether the peer's window for this stream holds bytes up. */
    protected final boolean windowClosed() {
        return queued > 0 && sendWindow <= 0;
    }

    /** Whether bytes or the end wait for a window. */
    public final boolean waiting() {
        return queued > 0;
    }

    /** A turn in the line: sends up to one frame; true when there is more that could go. */
    final boolean turn() {
        ArrayDeque<ByteBuf> waiting = queue;
        ByteBuf data = waiting == null ? null : waiting.peekFirst();
        if (closed || waiting == null || data == null) {
            return false;
        }
        int sent = push(data, Math.min(data.readableBytes(), FrameReader.MAX_PAYLOAD));
        queued -= sent;
        if (!data.isReadable()) {
            waiting.pollFirst();
            data.release();
        }
        if (sent > 0) {
            progressed();
        }
        if (closed) {
            return false;
        }
        if (queued == 0 && endQueued) {
            finish();
            return false;
        }
        if (heldBack && queued < HIGH / 2 && endpoint.output().writable()) {
            again();
        }
        return queued > 0 && sendWindow > 0;
    }

    final void again() {
        if (heldBack && !closed && queued < HIGH) {
            heldBack = false;
            writableAgain();
        }
    }

    /** Ends the stream at once with RST_STREAM; nothing more is heard of it. */
    public final void reset(int code) {
        if (!closed) {
            endpoint.writer().reset(id, code);
            endpoint.resetSent(id);
            close();
        }
    }

    final void close() {
        if (closed) {
            return;
        }
        closed = true;
        ArrayDeque<ByteBuf> waiting = queue;
        queue = null;
        queued = 0;
        if (waiting != null) {
            waiting.forEach(ByteBuf::release);
        }
        endpoint.closed(this);
    }

    /** Closed from outside: tells the owner. */
    final void end(int code) {
        if (!closed) {
            close();
            gone(code);
        }
    }
}
