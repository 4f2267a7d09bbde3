package io.plinth.lbproxy.exchange;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.plinth.lbproxy.forward.Trace;
import io.plinth.lbproxy.snapshot.ProxySettings;
import io.plinth.lbproxy.snapshot.RouteTarget;
import io.plinth.lbproxy.upstream.UpstreamConnection;
import io.plinth.lbproxy.wire.http1.BodyDecoder;
import io.plinth.lbproxy.wire.http1.Framing;
import io.plinth.lbproxy.wire.http1.HeadParser;
import io.plinth.lbproxy.wire.http1.Rejection;
import io.plinth.lbproxy.wire.http1.RequestHead;
import io.plinth.lbproxy.wire.http1.ResponseHead;
import io.plinth.lbproxy.wire.http1.TrailerFields;
import io.plinth.lbproxy.wire.http1.WebSocketKey;
import java.util.Set;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;

/**
 * The request's half of an exchange: reads it from the client's bytes, keeps its head for the tries that may follow, and
 * writes its body to the server as it comes. Owned by the exchange's event loop.
 */
final class RequestRelay {
    /** What a call came to. */
    enum Progress {
        MORE,
        /** The head is complete and right; or the body has gone on whole. */
        DONE,
        /** See {@link RequestRelay#rejection}. */
        REJECTED,
        /** A stream's request that HTTP/2 itself forbids; no answer. */
        MALFORMED
    }

    /** Body bytes that are copied behind their chunk's size instead of being written on their own. */
    private static final int COPIED = 4096;

    private static final int CHUNK_SLACK = 16;
    private static final int LINE_END = 2;
    private static final Set<String> SAFE = Set.of("OPTIONS", "TRACE");

    private final RequestHead head = new RequestHead();
    private final HeadParser parser;
    private final Framing framing = new Framing();
    private final BodyDecoder body;
    private final int maxLine;
    /** Of a stream's body; 0 for no limit. {@link #body} has its own. */
    private long maxBody;

    private boolean headDone;
    /** Whether it comes as a stream of HTTP/2, whose frames delimit it. */
    private boolean streamed;

    private boolean streamEnded;
    private long streamReceived;
    private @Nullable Rejection rejection;
    private @Nullable Mirror copy;
    /** What of the body went to a server that may say that it did nothing for the request. */
    private @Nullable ByteBuf kept;
    /** Whether nothing but that went on. */
    private boolean whole;

    private final int keep;
    private @Nullable String webSocketKey;

    RequestRelay(ProxySettings settings) {
        parser = new HeadParser(settings.limits(), head);
        body = new BodyDecoder(settings.limits(), 0);
        keep = settings.replay();
        maxLine = settings.limits().startLine();
    }

    /** Begins the next request. */
    void begin() {
        parser.begin(head);
        headDone = false;
        streamed = false;
        streamEnded = false;
        streamReceived = 0;
        rejection = null;
        whole = true;
    }

    /** Forgets the head, so that its memory does not stay large. */
    void end() {
        if (copy != null) {
            copy.drop();
            copy = null;
        }
        forget();
        head.reset();
    }

    /** It will not be sent again. */
    void forget() {
        whole = false;
        if (kept != null) {
            kept.release();
            kept = null;
        }
    }

    /** Whether all that went on can be sent again. */
    boolean whole() {
        return whole;
    }

    private void keep(ByteBuf bytes, UpstreamConnection to) {
        int count = bytes.readableBytes();
        ByteBuf before = kept;
        if (!to.mayRefuse() || count > keep - (before == null ? 0 : before.readableBytes())) {
            forget();
            return;
        }
        ByteBuf all = before == null ? bytes.alloc().directBuffer(count, keep) : before;
        kept = all.writeBytes(bytes, bytes.readerIndex(), count);
    }

    /** Takes the head's bytes. */
    Progress head(ByteBuf in) {
        return switch (parser.parse(in)) {
            case MORE -> Progress.MORE;
            case REJECTED -> {
                rejection = parser.rejection();
                yield Progress.REJECTED;
            }
            case DONE -> {
                rejection = framing.request(head);
                if (rejection == null) {
                    headDone = true;
                    rejection = body.begin(framing, true);
                }
                yield rejection == null ? Progress.DONE : Progress.REJECTED;
            }
        };
    }

    /** Takes a head that was made of HTTP/2's fields. */
    Progress streamHead(boolean ended, @Nullable Rejection wrong) {
        streamed = true;
        // What a tunnel's client sends waits for the server's consent.
        streamEnded = ended || head.extendedConnect();
        boolean tooLong = head.fieldsStart() - LINE_END > maxLine;
        rejection = wrong == null && tooLong ? Rejection.TARGET_TOO_LONG : wrong;
        if (rejection != null) {
            return Progress.REJECTED;
        }
        Rejection framed = framing.http2Request(head, ended);
        // RFC 9110 9.3.6: a tunnel has no body; a server of HTTP/1.1 would take the next request for it.
        if (framed == Rejection.CONTENT_LENGTH || (streamEnded && framing.length() != 0)) {
            return Progress.MALFORMED;
        }
        rejection = framed;
        headDone = rejection == null;
        return headDone ? Progress.DONE : Progress.REJECTED;
    }

    /** What Content-Length says; -1 for nothing. */
    long declaredLength() {
        return headDone && framing.body() == Framing.Body.LENGTH ? framing.length() : -1;
    }

    /** What goes on from now on goes to a mirror too. */
    void copyTo(@Nullable Mirror mirror) {
        copy = mirror;
    }

    private void write(UpstreamConnection to, ByteBuf bytes) {
        if (copy != null) {
            copy.add(bytes);
        }
        if (whole && bytes.isReadable()) {
            keep(bytes, to);
        }
        to.write(bytes);
    }

    private void copied() {
        Mirror whole = copy;
        if (whole != null && done()) {
            copy = null;
            whole.send();
        }
    }

    private Progress streamBody(ByteBuf in, UpstreamConnection to, ClientSide client) {
        int count = in.readableBytes();
        streamReceived += count;
        if (maxBody != 0 && streamReceived > maxBody) {
            rejection = Rejection.BODY_TOO_LARGE;
            return Progress.REJECTED;
        }
        if (framing.body() != Framing.Body.CHUNKED) {
            write(to, in.readRetainedSlice(count));
            return Progress.MORE;
        }
        ByteBuf chunk = client.allocator().directBuffer(CHUNK_SLACK + (count <= COPIED ? count : 0));
        ByteBufUtil.writeAscii(chunk, Integer.toHexString(count));
        chunk.writeByte('\r').writeByte('\n');
        if (count <= COPIED) {
            chunk.writeBytes(in, count);
            write(to, chunk.writeByte('\r').writeByte('\n'));
        } else {
            write(to, chunk);
            write(to, in.readRetainedSlice(count));
            write(to, client.allocator().directBuffer(2).writeByte('\r').writeByte('\n'));
        }
        return Progress.MORE;
    }

    /** A stream's body is whole. */
    void streamEnded(UpstreamConnection to, ClientSide client, @Nullable TrailerFields trailers) {
        streamEnded = true;
        if (framing.body() == Framing.Body.CHUNKED) {
            int size = trailers == null ? 0 : trailers.length();
            ByteBuf last = client.allocator().directBuffer(CHUNK_SLACK + size);
            last.writeByte('0').writeByte('\r').writeByte('\n');
            if (trailers == null) {
                write(to, last.writeByte('\r').writeByte('\n'));
            } else {
                write(to, ResponseRelay.renderTrailers(last, trailers));
            }
        }
        copied();
    }

    /** Takes body bytes and writes what goes on. */
    Progress body(ByteBuf in, UpstreamConnection to, ClientSide client) {
        if (streamed) {
            return streamBody(in, to, client);
        }
        while (in.isReadable() && !body.done()) {
            int count = body.next(in);
            if (count == BodyDecoder.REJECTED) {
                rejection = body.rejection();
                return Progress.REJECTED;
            }
            if (count > 0) {
                write(to, in.readRetainedSlice(count));
            }
        }
        if (!body.done()) {
            return Progress.MORE;
        }
        TrailerFields trailers = body.trailers();
        if (trailers != null) {
            write(to, ResponseRelay.renderTrailers(client.allocator().directBuffer(trailers.length() + 2), trailers));
        }
        copied();
        return Progress.DONE;
    }

    /** Writes the head to a server. */
    void send(UpstreamConnection to, RouteTarget route, ClientSide client, Trace trace, RandomGenerator random) {
        // RFC 8441 5.1: HTTP/2 has no use for it, HTTP/1.1 asks for one.
        webSocketKey = head.extendedConnect() ? WebSocketKey.make(random) : null;
        ByteBuf rendered = RequestRewrite.render(
                client.allocator(), head, framing, route, to.lane().server(), client.forwarded(), trace, webSocketKey);
        // Where it is sent again the copy has it already.
        if (copy != null && !copy.begun()) {
            copy.add(rendered);
        }
        to.write(rendered);
        if (kept != null) {
            // A copy, as what is kept may grow and move while this still waits to be written.
            to.write(kept.copy());
        }
        copied();
    }

    /**
     * Sets the route's limit of the body; returns why it is refused at once, or null.
     *
     * @param max 0 for no limit
     */
    @Nullable
    Rejection limitBody(long max) {
        maxBody = max;
        if (!streamed) {
            return body.limit(max);
        }
        return max != 0 && framing.body() == Framing.Body.LENGTH && framing.length() > max
                ? Rejection.BODY_TOO_LARGE
                : null;
    }

    RequestHead head() {
        return head;
    }

    @Nullable
    Rejection rejection() {
        return rejection;
    }

    /** Whether the head is complete and right. */
    boolean headDone() {
        return headDone;
    }

    /** Whether the whole request has come. */
    boolean done() {
        return headDone && (streamed ? streamEnded : body.done());
    }

    /** Whether it may be sent again: it has no effect (RFC 9110 9.2.1) and nothing of it is gone. */
    boolean repeatable() {
        return framing.body() == Framing.Body.NONE && !framing.upgrade() && safe();
    }

    private boolean safe() {
        return head.method() != RequestHead.Method.OTHER
                || SAFE.contains(head.text(head.methodStart(), head.methodEnd()));
    }

    boolean isHead() {
        return head.method() == RequestHead.Method.HEAD;
    }

    boolean http10() {
        return head.http10();
    }

    /** Whether a server that switches to WebSockets shows that it read the key which was made for it (RFC 6455 4.1). */
    boolean accepted(ResponseHead answer) {
        if (webSocketKey == null) {
            return true;
        }
        for (int field = 0; field < answer.count(); field++) {
            if (answer.name(field).equalsIgnoreCase("sec-websocket-accept")) {
                return answer.value(field).equals(WebSocketKey.accept(webSocketKey));
            }
        }
        return false;
    }

    /** Whether the client may wait for a 100 before it sends the body (RFC 9110 10.1.1). */
    boolean asksContinue() {
        return framing.expectContinue();
    }

    boolean asksUpgrade() {
        return framing.upgrade();
    }

    /** Whether the client means its connection to last, and has sent all of this request, so that it can. */
    boolean lasts() {
        return done() && framing.keepAlive();
    }
}
