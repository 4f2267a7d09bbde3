package io.plinth.lbproxy.exchange;

import io.netty.buffer.ByteBuf;
import io.plinth.lbproxy.route.HeaderChanges;
import io.plinth.lbproxy.snapshot.ProxySettings;
import io.plinth.lbproxy.wire.http1.BodyDecoder;
import io.plinth.lbproxy.wire.http1.Framing;
import io.plinth.lbproxy.wire.http1.HeadParser;
import io.plinth.lbproxy.wire.http1.Rejection;
import io.plinth.lbproxy.wire.http1.ResponseHead;
import io.plinth.lbproxy.wire.http1.TrailerFields;
import java.util.function.BooleanSupplier;
import java.util.function.IntPredicate;
import org.jspecify.annotations.Nullable;

/**
 * The response's half of an exchange: reads it from the server's bytes and writes it to the client as it comes. Owned by
 * the exchange's event loop.
 */
final class ResponseRelay {
    /** What a call of {@link #bytes} came to. */
    enum Progress {
        MORE,
        /** The whole response went on. */
        DONE,
        /** 101 went on; what is left of the bytes belongs to the tunnel. */
        SWITCHED,
        /** Nothing of it went on: another server is to be asked. */
        RETRY,
        /** The server broke the protocol; see {@link ResponseRelay#wrong}. */
        BROKEN
    }

    /** Body bytes that are copied behind the head instead of being written on their own. */
    private static final int COPIED = 4096;

    private static final String NO_UPGRADE = "101 to a request that did not ask for it";

    private final RequestRelay request;
    private final BooleanSupplier draining;
    private final IntPredicate retries;
    private final ResponseHead head = new ResponseHead();
    private final HeadParser parser;
    private final Framing framing = new Framing();
    private final BodyDecoder body;
    private boolean headDone;
    private boolean interimSent;
    private boolean started;
    private boolean extraBytes;
    private boolean clientLasts;
    private String wrong = "";
    private HeaderChanges changes = HeaderChanges.NONE;

    ResponseRelay(ProxySettings settings, RequestRelay request, BooleanSupplier draining, IntPredicate retries) {
        this.request = request;
        this.draining = draining;
        this.retries = retries;
        parser = new HeadParser(settings.limits(), head);
        body = new BodyDecoder(settings.limits(), 0);
    }

    /** Begins the next response. */
    void begin() {
        parser.begin(head);
        headDone = false;
        interimSent = false;
        started = false;
        extraBytes = false;
        clientLasts = false;
        wrong = "";
        changes = HeaderChanges.NONE;
    }

    /** What of the final head changes on its way. */
    void changes(HeaderChanges ofRoute) {
        changes = ofRoute;
    }

    /** Takes bytes from the server. */
    Progress bytes(ByteBuf in, ClientSide client) {
        ByteBuf out = null;
        while (in.isReadable()) {
            if (!headDone) {
                switch (parser.parse(in)) {
                    case MORE -> {
                        return Progress.MORE;
                    }
                    case REJECTED -> {
                        return broken(parser.rejection());
                    }
                    case DONE -> {
                        Progress progress = head(client);
                        if (progress != Progress.MORE) {
                            return progress;
                        }
                    }
                }
                if (headDone) {
                    out = render(client, Math.min(in.readableBytes(), COPIED));
                    started = true;
                }
            } else if (body.done()) {
                extraBytes = true;
                break;
            } else {
                int count = body.next(in);
                if (count == BodyDecoder.REJECTED) {
                    write(client, out);
                    return broken(body.rejection());
                }
                out = body(in, count, out, client);
            }
        }
        write(client, out);
        if (!headDone || !body.done()) {
            return Progress.MORE;
        }
        client.end(request.http10() ? null : body.trailers());
        return Progress.DONE;
    }

    private static void write(ClientSide client, @Nullable ByteBuf out) {
        if (out != null) {
            client.write(out);
        }
    }

    /** Copies a small piece behind what is not yet written, passes a large one on as it is. */
    private static @Nullable ByteBuf body(ByteBuf in, int count, @Nullable ByteBuf out, ClientSide client) {
        if (count == 0) {
            return out;
        }
        if (out != null && count <= out.writableBytes()) {
            out.writeBytes(in, count);
            return out;
        }
        write(client, out);
        client.write(in.readRetainedSlice(count));
        return null;
    }

    /** A head is complete: MORE when it is final and right, or interim and sent on. */
    private Progress head(ClientSide client) {
        Rejection rejection = framing.response(head, request.isHead());
        if (rejection != null) {
            return broken(rejection);
        }
        int status = head.status();
        if (status == 101) {
            if (!framing.upgrade() || !request.asksUpgrade()) {
                wrong = NO_UPGRADE;
                return Progress.BROKEN;
            }
            if (!request.accepted(head)) {
                wrong = "101 without the Sec-WebSocket-Accept of its key";
                return Progress.BROKEN;
            }
            client.interim(head, framing);
            return Progress.SWITCHED;
        }
        if (status < 200) {
            if (!request.http10()) {
                client.interim(head, framing);
                interimSent = true;
            }
            parser.begin(head);
            return Progress.MORE;
        }
        if (retries.test(status)) {
            return Progress.RETRY;
        }
        headDone = true;
        body.begin(framing, !client.framed() && !request.http10());
        return Progress.MORE;
    }

    private @Nullable ByteBuf render(ClientSide client, int room) {
        boolean delimited = !body.untilClose() && (framing.body() != Framing.Body.CHUNKED || !request.http10());
        clientLasts = delimited && request.lasts() && !draining.getAsBoolean();
        ResponseRewrite.Connection connection = ResponseRewrite.Connection.CLOSE;
        if (clientLasts) {
            connection = request.http10() ? ResponseRewrite.Connection.KEEP_ALIVE : ResponseRewrite.Connection.LASTS;
        }
        return client.head(head, framing, connection, !request.http10(), changes, room);
    }

    static ByteBuf renderTrailers(ByteBuf out, TrailerFields fields) {
        fields.copyFields(out, TrailerFields.FORBIDDEN);
        return out.writeByte('\r').writeByte('\n');
    }

    private Progress broken(@Nullable Rejection rejection) {
        wrong = rejection == null ? "broken response" : rejection.text();
        return Progress.BROKEN;
    }

    /** What the server did wrong. */
    String wrong() {
        return wrong;
    }

    /** Whether an interim response went to the client. */
    boolean interimSent() {
        return interimSent;
    }

    /** Whether a final head went to the client. */
    boolean started() {
        return started;
    }

    /** Whether a byte of a response has come. */
    boolean untouched() {
        return !headDone && parser.untouched();
    }

    int status() {
        return headDone ? head.status() : 0;
    }

    long bodyBytes() {
        return headDone ? body.received() : 0;
    }

    /** Whether the server's closing is the response's proper end. */
    boolean endsWithClose() {
        return headDone && body.untilClose();
    }

    /** Whether the server's connection can serve another exchange. */
    boolean serverLasts() {
        return headDone && body.done() && framing.keepAlive() && !extraBytes;
    }

    /** Whether the client was told that its connection lasts. */
    boolean clientLasts() {
        return clientLasts;
    }
}
