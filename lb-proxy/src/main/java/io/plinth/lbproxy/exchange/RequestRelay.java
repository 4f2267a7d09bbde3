package io.plinth.lbproxy.exchange;

import io.netty.buffer.ByteBuf;
import io.plinth.lbproxy.snapshot.ProxySettings;
import io.plinth.lbproxy.snapshot.RouteTarget;
import io.plinth.lbproxy.upstream.UpstreamConnection;
import io.plinth.lbproxy.wire.http1.BodyDecoder;
import io.plinth.lbproxy.wire.http1.Framing;
import io.plinth.lbproxy.wire.http1.HeadParser;
import io.plinth.lbproxy.wire.http1.Rejection;
import io.plinth.lbproxy.wire.http1.RequestHead;
import io.plinth.lbproxy.wire.http1.TrailerFields;
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
        REJECTED
    }

    private static final Set<String> SAFE = Set.of("OPTIONS", "TRACE");

    private final RequestHead head = new RequestHead();
    private final HeadParser parser;
    private final Framing framing = new Framing();
    private final BodyDecoder body;
    private boolean headDone;
    private @Nullable Rejection rejection;

    RequestRelay(ProxySettings settings) {
        parser = new HeadParser(settings.limits(), head);
        body = new BodyDecoder(settings.limits(), settings.maxBody());
    }

    /** Begins the next request. */
    void begin() {
        parser.begin(head);
        headDone = false;
        rejection = null;
    }

    /** Forgets the head, so that its memory does not stay large. */
    void end() {
        head.reset();
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

    /** Takes body bytes and writes what goes on. */
    Progress body(ByteBuf in, UpstreamConnection to, ClientSide client) {
        while (in.isReadable() && !body.done()) {
            int count = body.next(in);
            if (count == BodyDecoder.REJECTED) {
                rejection = body.rejection();
                return Progress.REJECTED;
            }
            if (count > 0) {
                to.write(in.readRetainedSlice(count));
            }
        }
        if (!body.done()) {
            return Progress.MORE;
        }
        TrailerFields trailers = body.trailers();
        if (trailers != null) {
            to.write(ResponseRelay.renderTrailers(client.allocator().directBuffer(trailers.length() + 2), trailers));
        }
        return Progress.DONE;
    }

    /** Writes the head to a server. */
    void send(UpstreamConnection to, RouteTarget route, ClientSide client, boolean makeTrace, RandomGenerator random) {
        to.write(RequestRewrite.render(
                client.allocator(), head, framing, route, to.lane().server(), client.forwarded(), makeTrace, random));
    }

    /**
     * Sets the route's own limit of the body; returns why it is refused at once, or null.
     *
     * @param max 0 for no limit
     */
    @Nullable
    Rejection limitBody(long max) {
        return body.limit(max);
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
        return headDone && body.done();
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

    boolean asksUpgrade() {
        return framing.upgrade();
    }

    /** Whether the client means its connection to last, and has sent all of this request, so that it can. */
    boolean lasts() {
        return done() && framing.keepAlive();
    }
}
