package io.plinth.lbproxy.exchange;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.netty.buffer.ByteBufUtil;
import io.plinth.lbproxy.forward.ForwardedHeaders;
import io.plinth.lbproxy.forward.Trace;
import io.plinth.lbproxy.route.TargetRewrite;
import io.plinth.lbproxy.snapshot.RouteTarget;
import io.plinth.lbproxy.upstream.Server;
import io.plinth.lbproxy.wire.http1.Framing;
import io.plinth.lbproxy.wire.http1.HeaderName;
import io.plinth.lbproxy.wire.http1.RequestHead;
import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;

/** A request's head as its server gets it: untouched lines in as few copies as there are gaps, then ours. */
final class RequestRewrite {
    /** RFC 9110 7.6.1: what concerns this connection alone. */
    static final long HOP_BY_HOP = HeaderName.bit(HeaderName.NAMED_BY_CONNECTION)
            | HeaderName.bit(HeaderName.CONNECTION)
            | HeaderName.bit(HeaderName.KEEP_ALIVE)
            | HeaderName.bit(HeaderName.PROXY_CONNECTION)
            | HeaderName.bit(HeaderName.TE)
            | HeaderName.bit(HeaderName.UPGRADE);

    private static final byte[] VERSION = ascii(" HTTP/1.1\r\n");
    private static final byte[] WEBSOCKET = ascii("Connection: Upgrade\r\nUpgrade: websocket\r\n");
    private static final byte[] CHUNKED = ascii("Transfer-Encoding: chunked\r\n");
    private static final String HOST = "Host: ";
    private static final int SLACK = 128;

    private RequestRewrite() {}

    private static byte[] ascii(String text) {
        return text.getBytes(StandardCharsets.US_ASCII);
    }

    static ByteBuf render(
            ByteBufAllocator allocator,
            RequestHead head,
            Framing framing,
            RouteTarget route,
            Server server,
            ForwardedHeaders forwarded,
            Trace trace,
            @Nullable String webSocketKey) {
        int size = head.length()
                + forwarded.size(head)
                + Trace.SIZE
                + WEBSOCKET.length
                + SLACK
                + route.toServer().size();
        ByteBuf out = allocator.directBuffer(size);
        byte[] bytes = head.bytes();
        out.writeBytes(bytes, head.methodStart(), head.methodEnd() + 1 - head.methodStart());
        writeTarget(out, head, route.rewrite());
        out.writeBytes(VERSION);
        long dropped = HOP_BY_HOP | forwarded.dropped() | trace.dropped();
        if (!framing.expectContinue()) {
            dropped |= HeaderName.bit(HeaderName.EXPECT);
        }
        if (!head.has(HeaderName.HOST) && !route.toServer().setsHost()) {
            // HTTP/1.0 may lack it, what we speak to the server may not (RFC 9112 3.2).
            ByteBufUtil.writeAscii(out, HOST);
            ByteBufUtil.writeAscii(out, server.authority());
            out.writeByte('\r').writeByte('\n');
        }
        route.toServer().write(head, out, dropped);
        forwarded.write(out, head);
        trace.write(out);
        if (framing.body() == Framing.Body.CHUNKED && !head.has(HeaderName.TRANSFER_ENCODING)) {
            out.writeBytes(CHUNKED);
        }
        if (webSocketKey != null) {
            ByteBufUtil.writeAscii(out, "Sec-WebSocket-Key: " + webSocketKey + "\r\n");
        }
        if (framing.upgrade()) {
            out.writeBytes(WEBSOCKET);
        }
        return out.writeByte('\r').writeByte('\n');
    }

    /** Origin-form whatever form it came in (RFC 9112 3.2.1), with the path that the route makes of it. */
    private static void writeTarget(ByteBuf out, RequestHead head, TargetRewrite rewrite) {
        int from = head.path();
        if (head.asterisk()) {
            out.writeByte('*');
            return;
        }
        if (rewrite.changes()) {
            out.writeBytes(rewrite.path(head));
            from = head.pathEnd();
        } else if (from == head.pathEnd() || head.bytes()[from] != '/') {
            out.writeByte('/');
        }
        out.writeBytes(head.bytes(), from, head.targetEnd() - from);
    }
}
