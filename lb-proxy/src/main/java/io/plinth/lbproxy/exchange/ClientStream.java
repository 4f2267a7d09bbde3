package io.plinth.lbproxy.exchange;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.plinth.lbproxy.forward.ForwardedHeaders;
import io.plinth.lbproxy.limit.Pace;
import io.plinth.lbproxy.route.HeaderChanges;
import io.plinth.lbproxy.snapshot.ProxySettings;
import io.plinth.lbproxy.wire.http1.Framing;
import io.plinth.lbproxy.wire.http1.HeadParser;
import io.plinth.lbproxy.wire.http1.Rejection;
import io.plinth.lbproxy.wire.http1.ResponseHead;
import io.plinth.lbproxy.wire.http1.TrailerFields;
import io.plinth.lbproxy.wire.http2.Endpoint;
import io.plinth.lbproxy.wire.http2.ErrorCode;
import io.plinth.lbproxy.wire.http2.Fault;
import io.plinth.lbproxy.wire.http2.FieldSink;
import io.plinth.lbproxy.wire.http2.HpackEncoder;
import io.plinth.lbproxy.wire.http2.Http2Stream;
import io.plinth.lbproxy.wire.http2.RequestFields;
import io.plinth.lbproxy.wire.http2.TrailerSink;
import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * One stream of a client's HTTP/2 connection, and the exchange it carries. What the server does not take yet waits here,
 * within the stream's window, which opens again with what it took. Owned by its connection's event loop.
 */
final class ClientStream extends Http2Stream implements ClientSide {
    private static final int ROOM = 4096;

    private final Http2ClientConnection connection;
    private final Worker worker;
    private final HpackEncoder encoder;
    private @Nullable Exchange exchange;
    private @Nullable ArrayDeque<ByteBuf> inbound;
    /** The last of them, where it has room for more. */
    private @Nullable ByteBuf room;

    private @Nullable TrailerFields requestTrailers;
    private boolean headRead;
    /** Whether it is an extended CONNECT (RFC 8441). */
    private boolean tunnel;

    private boolean endPassed;
    private boolean processing;
    private boolean touched;
    /** What Content-Length says; -1 for nothing. */
    private long declared = -1;

    /** Whether the request waits for an END_STREAM that DATA must not precede: sent on before, it would be a whole one. */
    private boolean held;

    private long received;
    private final Pace outPace;
    private long deadline;

    ClientStream(Endpoint endpoint, Http2ClientConnection connection, Worker worker) {
        super(endpoint);
        this.connection = connection;
        this.worker = worker;
        encoder = endpoint.encoder();
        ProxySettings settings = worker.snapshot().settings();
        outPace = new Pace(settings.rates().response(), settings.timeouts().stream());
    }

    // ---- what the client sends

    @Override
    protected FieldSink fields() {
        if (headRead) {
            TrailerSink trailers = connection.trailers();
            trailers.begin();
            return trailers;
        }
        Exchange begun = worker.begin(this);
        exchange = begun;
        RequestFields fields = connection.requestFields();
        fields.begin(begun.request.head());
        return fields;
    }

    @Override
    protected void headers(boolean end, boolean overLimit) throws Fault {
        if (headRead) {
            trailers(end, overLimit);
            return;
        }
        headRead = true;
        endPassed = end;
        RequestFields fields = connection.requestFields();
        fields.finish();
        String malformed = overLimit ? null : fields.malformed();
        Exchange current = exchange;
        if (malformed != null || current == null) {
            throw malformed(String.valueOf(malformed));
        }
        Rejection rejection = overLimit ? Rejection.HEADERS_TOO_LARGE : fields.rejection();
        switch (current.request.streamHead(end, rejection)) {
            case MALFORMED -> throw malformed("content-length malformed, or without DATA to match");
            case REJECTED -> current.reject();
            case DONE, MORE -> {
                tunnel = current.request.head().extendedConnect();
                declared = current.request.declaredLength();
                held = declared == 0;
                if (!held) {
                    current.headRead();
                }
            }
        }
    }

    private Fault malformed(String why) {
        Exchange current = exchange;
        exchange = null;
        if (current != null) {
            current.clientGone(true);
        }
        return Fault.stream(id(), ErrorCode.PROTOCOL_ERROR, why);
    }

    private void trailers(boolean end, boolean overLimit) throws Fault {
        TrailerSink trailers = connection.trailers();
        String wrong = end ? trailers.malformed() : "trailers without END_STREAM";
        if (wrong == null && overLimit) {
            wrong = "trailers larger than limits.header-bytes";
        }
        if (wrong == null && declared >= 0 && received != declared) {
            wrong = "less DATA than content-length";
        }
        if (wrong != null) {
            throw malformed(wrong);
        }
        requestTrailers = trailers.fields();
        letGo();
        process();
    }

    @Override
    protected void data(ByteBuf payload, boolean end) throws Fault {
        int count = payload.readableBytes();
        received += count;
        if (declared >= 0 && (received > declared || (end && received != declared))) {
            consumed(count);
            throw malformed("DATA other than content-length");
        }
        if (exchange == null) {
            consumed(count);
            return;
        }
        if (end) {
            letGo();
        }
        if (count > 0) {
            await(payload);
        }
        process();
    }

    /**
     * What goes on at once goes as it is. What must wait is copied together: a slice for each frame of a byte would cost many
     * times what the window allows, and keep all that was read with it (CVE-2019-9511).
     */
    private void await(ByteBuf payload) {
        ArrayDeque<ByteBuf> waiting = inbound;
        if (waiting == null) {
            waiting = new ArrayDeque<>(2);
            inbound = waiting;
        }
        Exchange current = exchange;
        if (waiting.isEmpty() && !held && !processing && current != null && current.takesInput()) {
            waiting.addLast(payload.retain());
            return;
        }
        ByteBuf last = room;
        if (last != null) {
            last.writeBytes(payload, Math.min(payload.readableBytes(), last.writableBytes()));
        }
        if (payload.isReadable()) {
            last = allocator().directBuffer(Math.max(payload.readableBytes(), ROOM));
            waiting.addLast(last.writeBytes(payload));
            room = last;
        }
    }

    private void letGo() {
        Exchange current = exchange;
        if (held && current != null) {
            held = false;
            current.headRead();
        }
    }

    /** Passes on what the exchange takes. */
    private void process() {
        if (processing || held) {
            return;
        }
        processing = true;
        try {
            feed();
        } finally {
            processing = false;
        }
        if (exchange == null) {
            dropInbound();
        }
    }

    private void feed() {
        ArrayDeque<ByteBuf> waiting = inbound;
        ByteBuf bytes;
        Exchange current;
        while (waiting != null
                && (bytes = waiting.peekFirst()) != null
                && (current = exchange) != null
                && current.takesInput()) {
            int before = bytes.readableBytes();
            current.input(bytes);
            consumed(before - bytes.readableBytes());
            touch();
            if (!bytes.isReadable()) {
                waiting.pollFirst();
                room = waiting.isEmpty() ? null : room;
                bytes.release();
            }
        }
        current = exchange;
        boolean passed = waiting == null || waiting.isEmpty();
        if (current != null && passed && remoteEnded() && !endPassed && current.takesInput()) {
            endPassed = true;
            touch();
            current.inputEnded(requestTrailers);
        }
    }

    private void touch() {
        if (!touched) {
            touched = true;
            connection.touch(this);
        }
    }

    void flushServer() {
        touched = false;
        Exchange current = exchange;
        if (current != null) {
            current.link.flush();
        }
    }

    private void dropInbound() {
        ArrayDeque<ByteBuf> waiting = inbound;
        if (waiting != null && !processing) {
            inbound = null;
            room = null;
            for (ByteBuf bytes : waiting) {
                consumed(bytes.readableBytes());
                bytes.release();
            }
        }
    }

    @Override
    protected void gone(int code) {
        Exchange current = exchange;
        exchange = null;
        if (current != null) {
            current.clientGone(false);
        }
        dropInbound();
    }

    @Override
    protected void writableAgain() {
        Exchange current = exchange;
        if (current != null) {
            current.clientWritable(true);
        }
    }

    @Override
    protected void progressed() {
        Exchange current = exchange;
        if (current != null) {
            current.clientWritable(writable());
        } else {
            within(worker.snapshot().settings().timeouts().stream());
        }
    }

    @Override
    protected void localEnd() {
        if (exchange == null) {
            refuseRest();
        }
    }

    /** RFC 9113 8.1: a response that is whole before its request tells the client to stop sending. */
    private void refuseRest() {
        if (localEnded() && !remoteEnded()) {
            reset(ErrorCode.NO_ERROR);
        }
    }

    // ---- what the exchange does

    @Override
    public ByteBufAllocator allocator() {
        return connection.allocator();
    }

    @Override
    public ForwardedHeaders forwarded() {
        return connection.forwarded();
    }

    @Override
    public boolean framed() {
        return true;
    }

    /** With what has come of a frame that is not whole: it may be one of this stream. */
    @Override
    public long received() {
        return received + connection.partial();
    }

    @Override
    public void within(long nanos) {
        deadline = worker.coarseNow() + nanos;
    }

    @Override
    public void resume() {
        process();
        // What brought this about need not be a read of the client's, at whose end servers are flushed.
        flushServer();
    }

    @Override
    public void flush() {
        connection.flushSoon();
    }

    @Override
    public void interim(ResponseHead head, Framing framing) {
        sendHead(head, HeaderChanges.NONE);
    }

    private void sendHead(ResponseHead head, HeaderChanges changes) {
        encoder.begin();
        encoder.status(tunnel ? tunnelStatus(head.status()) : head.status());
        long dropped = ResponseRewrite.droppedFromFrames(head);
        if (changes.isEmpty()) {
            encoder.fields(head, dropped);
        } else {
            for (int field = 0; field < head.count(); field++) {
                if (!changes.drops(head, field)) {
                    encoder.field(head, field, dropped);
                }
            }
            for (Map.Entry<String, String> added : changes.added()) {
                encoder.field(
                        added.getKey().getBytes(StandardCharsets.US_ASCII),
                        added.getValue().getBytes(StandardCharsets.ISO_8859_1));
            }
        }
        sendHeaders(encoder, false);
    }

    /** RFC 8441 5: 200 opens the tunnel, which a server of HTTP/1.1 does with 101 and with nothing else. */
    private static int tunnelStatus(int status) {
        return status == 101 ? 200 : status / 100 == 2 ? 502 : status;
    }

    @Override
    public @Nullable ByteBuf head(
            ResponseHead head,
            Framing framing,
            ResponseRewrite.Connection status,
            boolean chunksGoOn,
            HeaderChanges changes,
            int room) {
        sendHead(head, changes);
        return null;
    }

    @Override
    public void write(ByteBuf bytes) {
        send(bytes);
    }

    @Override
    public void end(@Nullable TrailerFields trailers) {
        sendEnd(trailers);
    }

    /** Error pages and the like are made for HTTP/1.1; as they are few, they are read again. */
    @Override
    public void answer(ByteBuf rendered) {
        HeadParser parser = connection.ownHeadParser();
        parser.begin(connection.ownHead());
        if (parser.parse(rendered) != HeadParser.Outcome.DONE) {
            rendered.release();
            throw new IllegalStateException("answer of our own that is none: " + parser.rejection());
        }
        sendHead(connection.ownHead(), HeaderChanges.NONE);
        send(rendered);
        sendEnd(null);
    }

    @Override
    public void exchangeEnded(boolean lasts, boolean unreadBody) {
        exchange = null;
        within(worker.snapshot().settings().timeouts().stream());
        dropInbound();
        sendEnd(null);
        if (!closed()) {
            refuseRest();
        }
    }

    @Override
    public void close(boolean lingering) {
        exchangeEnded(false, true);
        flush();
    }

    @Override
    public void abort() {
        give(ErrorCode.INTERNAL_ERROR);
    }

    @Override
    public void cancel() {
        give(ErrorCode.CANCEL);
    }

    private void give(int code) {
        exchange = null;
        dropInbound();
        reset(code);
        flush();
    }

    private void slow(@Nullable Exchange current) {
        if (current != null) {
            current.slow(408, "response taken more slowly than min-rate.response");
        } else {
            worker.counts().add(Worker.SLOW, 1);
            reset(ErrorCode.CANCEL);
        }
    }

    /** Whether it is a WebSocket. */
    boolean tunnels() {
        return tunnel;
    }

    /** Looks at the deadlines. */
    void tick(long now, boolean connectionMoved) {
        if (closed()) {
            return;
        }
        Exchange current = exchange;
        if (outPace.late(now, sent(), windowClosed() && !tunnel)) {
            slow(current);
            return;
        }
        if (current != null) {
            current.tick(now, connectionMoved && waiting() && !windowClosed());
        }
        if (closed() || now - deadline < 0) {
            return;
        }
        current = exchange;
        if (current != null) {
            within(worker.snapshot().settings().timeouts().stream());
            current.timeout();
        } else {
            reset(ErrorCode.CANCEL);
        }
    }
}
