package io.plinth.lbproxy.upstream;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.plinth.lbproxy.wire.http1.BodyDecoder;
import io.plinth.lbproxy.wire.http1.Framing;
import io.plinth.lbproxy.wire.http1.HeadParser;
import io.plinth.lbproxy.wire.http1.HeaderName;
import io.plinth.lbproxy.wire.http1.RequestHead;
import io.plinth.lbproxy.wire.http1.TrailerFields;
import io.plinth.lbproxy.wire.http1.WebSocketKey;
import io.plinth.lbproxy.wire.http2.Endpoint;
import io.plinth.lbproxy.wire.http2.ErrorCode;
import io.plinth.lbproxy.wire.http2.Fault;
import io.plinth.lbproxy.wire.http2.FieldSink;
import io.plinth.lbproxy.wire.http2.HpackEncoder;
import io.plinth.lbproxy.wire.http2.Http2Stream;
import io.plinth.lbproxy.wire.http2.ResponseFields;
import io.plinth.lbproxy.wire.http2.TrailerSink;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * One request's way over a shared connection. Its user speaks HTTP/1.1 to it, as to any other; here that becomes frames,
 * and the frames of the response become HTTP/1.1. Owned by its connection's event loop.
 */
final class ServerStream extends Http2Stream implements UpstreamConnection {
    private static final int HEAD = 1024;
    private static final int SLACK = 16;
    private static final int LINGER_SECONDS = 5;
    private static final byte[] METHOD = ascii(":method");
    private static final byte[] SCHEME = ascii(":scheme");
    private static final byte[] AUTHORITY = ascii(":authority");
    private static final byte[] PATH = ascii(":path");
    private static final byte[] PROTOCOL = ascii(":protocol");
    private static final byte[] CONNECT = ascii("CONNECT");
    private static final byte[] WEBSOCKET = ascii("websocket");
    private static final byte[] HTTP = ascii("http");
    private static final byte[] HTTPS = ascii("https");
    private static final byte[] TE = ascii("te");
    private static final byte[] TRAILERS = ascii("trailers");
    private static final byte[] KEY = ascii("sec-websocket-key");

    /** What HTTP/2 says otherwise, or not at all. */
    private static final long DROPPED = HeaderName.bit(HeaderName.HOST)
            | HeaderName.bit(HeaderName.CONNECTION)
            | HeaderName.bit(HeaderName.UPGRADE)
            | HeaderName.bit(HeaderName.TRANSFER_ENCODING);

    private final Http2Connection connection;
    private final HpackEncoder encoder;
    private final boolean reused;
    private @Nullable UpstreamUser user;
    private @Nullable BodyDecoder body;
    private @Nullable String key;
    private @Nullable ByteBuf headOut;
    private boolean headSent;
    private boolean toHead;
    private boolean tunnel;
    private boolean finalHead;
    private boolean chunked;
    private boolean counted = true;
    private boolean touched;
    private boolean reading = true;
    private int heldBack;

    ServerStream(Endpoint endpoint, Http2Connection connection, UpstreamUser user, boolean reused) {
        super(endpoint);
        this.connection = connection;
        this.user = user;
        this.reused = reused;
        encoder = endpoint.encoder();
    }

    private static byte[] ascii(String text) {
        return text.getBytes(StandardCharsets.US_ASCII);
    }

    @Nullable
    UpstreamUser user() {
        return user;
    }

    // ---- what the user sends

    @Override
    public void write(ByteBuf bytes) {
        try {
            if (!headSent) {
                head(bytes);
            }
            BodyDecoder decoder = body;
            if (tunnel) {
                send(bytes.readRetainedSlice(bytes.readableBytes()));
            } else if (decoder != null) {
                body(bytes, decoder);
            }
        } finally {
            bytes.release();
        }
    }

    private void body(ByteBuf bytes, BodyDecoder decoder) {
        while (bytes.isReadable() && !decoder.done()) {
            int count = decoder.next(bytes);
            if (count == BodyDecoder.REJECTED) {
                throw new IllegalStateException("body of our own that is none: " + decoder.rejection());
            }
            if (count > 0) {
                send(bytes.readRetainedSlice(count));
            }
        }
        if (decoder.done()) {
            body = null;
            sendEnd(decoder.trailers());
        }
    }

    private void head(ByteBuf bytes) {
        headSent = true;
        HeadParser parser = connection.parser();
        RequestHead head = connection.request();
        Framing framing = connection.framing();
        parser.begin(head);
        if (parser.parse(bytes) != HeadParser.Outcome.DONE || framing.request(head) != null) {
            throw new IllegalStateException("request of our own that is none: " + parser.rejection());
        }
        toHead = head.method() == RequestHead.Method.HEAD;
        tunnel = framing.upgrade();
        encoder.begin();
        pseudo(METHOD, tunnel ? CONNECT : null, head, head.methodStart(), head.methodEnd());
        if (tunnel) {
            encoder.field(PROTOCOL, WEBSOCKET);
        }
        encoder.field(SCHEME, connection.secure() ? HTTPS : HTTP);
        int host = head.first(HeaderName.HOST);
        pseudo(AUTHORITY, null, head, head.valueStart(host), head.valueEnd(host));
        pseudo(PATH, null, head, head.target(), head.targetEnd());
        for (int field = 0; field < head.count(); field++) {
            if (tunnel && isKey(head, field)) {
                key = head.value(field);
            } else {
                encoder.field(head, field, DROPPED);
            }
        }
        // RFC 9110 10.1.4: it is we who take trailers from the server.
        encoder.field(TE, TRAILERS);
        boolean ended = framing.body() == Framing.Body.NONE && !tunnel;
        sendHeaders(encoder, ended);
        if (!ended && !tunnel) {
            BodyDecoder decoder = new BodyDecoder(connection.limits(), 0);
            decoder.begin(framing, false);
            body = decoder;
        }
    }

    private static boolean isKey(RequestHead head, int field) {
        return head.name(field).length() == KEY.length && head.name(field).equalsIgnoreCase("sec-websocket-key");
    }

    private void pseudo(byte[] name, byte @Nullable [] fixed, RequestHead head, int from, int to) {
        if (fixed != null) {
            encoder.field(name, fixed);
        } else {
            encoder.field(name, 0, name.length, head.bytes(), from, to);
        }
    }

    // ---- what the server sends

    @Override
    protected FieldSink fields() {
        if (finalHead) {
            connection.trailers().begin();
            return connection.trailers();
        }
        ByteBuf out = connection.allocator().directBuffer(HEAD);
        headOut = out;
        connection.responseFields().begin(out);
        return connection.responseFields();
    }

    @Override
    protected void headers(boolean end, boolean overLimit) throws Fault {
        if (finalHead) {
            TrailerSink trailers = connection.trailers();
            String wrong = end ? trailers.malformed() : "trailers without END_STREAM";
            if (wrong != null || overLimit) {
                throw Fault.stream(id(), ErrorCode.PROTOCOL_ERROR, String.valueOf(wrong));
            }
            ended(trailers.fields());
            return;
        }
        ByteBuf out = headOut;
        headOut = null;
        ResponseFields fields = connection.responseFields();
        String wrong = fields.malformed();
        boolean interim = fields.status() < 200;
        if (out == null || wrong != null || overLimit || (interim && end)) {
            if (out != null) {
                out.release();
            }
            throw Fault.stream(
                    id(), ErrorCode.PROTOCOL_ERROR, overLimit ? "header list too large" : String.valueOf(wrong));
        }
        finalHead = !interim;
        if (!interim) {
            frame(out, fields, end);
        }
        pass(out.writeByte('\r').writeByte('\n'));
        if (end) {
            over(Ending.CLOSED);
        }
    }

    /** How the body is delimited for HTTP/1.1. */
    private void frame(ByteBuf out, ResponseFields fields, boolean end) {
        int status = fields.status();
        if (tunnel && status / 100 == 2) {
            out.clear();
            ByteBufUtil.writeAscii(
                    out, "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n");
            ByteBufUtil.writeAscii(out, "Sec-WebSocket-Accept: " + WebSocketKey.accept(String.valueOf(key)) + "\r\n");
            return;
        }
        tunnel = false;
        boolean bodyless = toHead || status == 204 || status == 304;
        if (bodyless || fields.hasLength()) {
            return;
        }
        chunked = !end;
        ByteBufUtil.writeAscii(out, end ? "content-length: 0\r\n" : "transfer-encoding: chunked\r\n");
    }

    @Override
    protected void data(ByteBuf payload, boolean end) throws Fault {
        int count = payload.readableBytes();
        if (!finalHead) {
            throw Fault.stream(id(), ErrorCode.PROTOCOL_ERROR, "DATA before the response's head");
        }
        if (reading || user == null) {
            consumed(count);
        } else {
            heldBack += count;
        }
        if (count > 0) {
            pass(chunked ? chunk(payload, count) : payload.readRetainedSlice(count));
        }
        if (end) {
            ended(null);
        }
    }

    private ByteBuf chunk(ByteBuf payload, int count) {
        ByteBuf chunk = connection.allocator().directBuffer(SLACK + count);
        ByteBufUtil.writeAscii(chunk, Integer.toHexString(count));
        return chunk.writeByte('\r')
                .writeByte('\n')
                .writeBytes(payload, count)
                .writeByte('\r')
                .writeByte('\n');
    }

    private void pass(ByteBuf bytes) {
        UpstreamUser current = user;
        try {
            if (current != null) {
                if (!touched) {
                    touched = true;
                    connection.touch(this);
                }
                current.responseBytes(bytes);
            }
        } finally {
            bytes.release();
        }
    }

    /** The read that brought bytes is over. */
    void pause() {
        touched = false;
        UpstreamUser current = user;
        if (current != null) {
            current.responsePause();
        }
    }

    private void ended(@Nullable TrailerFields trailers) {
        if (chunked && user != null) {
            int size = trailers == null ? 0 : trailers.length();
            ByteBuf last = connection.allocator().directBuffer(SLACK + size);
            last.writeByte('0').writeByte('\r').writeByte('\n');
            if (trailers != null) {
                trailers.copyFields(last, TrailerFields.FORBIDDEN);
            }
            pass(last.writeByte('\r').writeByte('\n'));
        }
        over(Ending.CLOSED);
    }

    /** Whoever still waits for more of the response, or for the tunnel's other end, hears that there is none. */
    private void over(Ending how) {
        UpstreamUser current = user;
        if (current != null) {
            leave();
            current.serverClosed(how);
        }
    }

    @Override
    protected void gone(int code) {
        ByteBuf out = headOut;
        headOut = null;
        if (out != null) {
            out.release();
        }
        // RFC 9113 8.7: a stream beyond what a GOAWAY names is one that is refused.
        boolean untouched = code == ErrorCode.REFUSED_STREAM && !finalHead;
        over(untouched ? Ending.UNTOUCHED : code == ErrorCode.CANCEL ? Ending.CANCELLED : Ending.CLOSED);
        leave();
    }

    @Override
    protected void writableAgain() {
        UpstreamUser current = user;
        if (current != null) {
            current.serverWritable(true);
        }
    }

    @Override
    protected void progressed() {}

    @Override
    protected void localEnd() {}

    // ---- its user's other calls

    private void leave() {
        user = null;
        if (counted) {
            counted = false;
            connection.lane().requestEnded();
        }
    }

    @Override
    public ServerLane lane() {
        return connection.lane();
    }

    @Override
    public boolean reused() {
        return reused;
    }

    @Override
    public boolean mayRefuse() {
        return true;
    }

    @Override
    public void abandon() {
        user = null;
        connection.abandoned(this);
    }

    @Override
    public void release() {
        leave();
        if (!closed() && !remoteEnded()) {
            // Its END_STREAM is on its way: the response was whole by its length.
            consumed(heldBack);
            heldBack = 0;
        }
    }

    @Override
    public void discard() {
        leave();
        reset(ErrorCode.CANCEL);
        connection.flushFrames();
    }

    @Override
    public void closeAfterWriting() {
        leave();
        sendEnd(null);
        connection.flushFrames();
        if (!closed()) {
            connection
                    .lane()
                    .pool()
                    .connector()
                    .loop()
                    .schedule(
                            () -> {
                                reset(ErrorCode.CANCEL);
                                connection.flushFrames();
                            },
                            LINGER_SECONDS,
                            TimeUnit.SECONDS);
        }
    }

    @Override
    public void flush() {
        connection.flushFrames();
    }

    @Override
    public void read(boolean on) {
        reading = on;
        if (on && heldBack > 0) {
            consumed(heldBack);
            heldBack = 0;
            connection.flushFrames();
        }
    }
}
