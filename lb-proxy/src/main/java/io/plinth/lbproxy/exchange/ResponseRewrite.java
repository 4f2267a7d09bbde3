package io.plinth.lbproxy.exchange;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.netty.buffer.ByteBufUtil;
import io.plinth.lbproxy.route.HeaderChanges;
import io.plinth.lbproxy.wire.http1.Framing;
import io.plinth.lbproxy.wire.http1.HeaderName;
import io.plinth.lbproxy.wire.http1.ResponseHead;
import java.nio.charset.StandardCharsets;

/** A response's head as its client gets it. */
final class ResponseRewrite {
    /** What the client is told of its connection. */
    enum Connection {
        /** HTTP/1.1's default: nothing. */
        LASTS(""),
        /** HTTP/1.0 has to be told. */
        KEEP_ALIVE("Connection: keep-alive\r\n"),
        CLOSE("Connection: close\r\n"),
        UPGRADE("Connection: Upgrade\r\nUpgrade: websocket\r\n");

        private final String line;

        Connection(String line) {
            this.line = line;
        }
    }

    private static final byte[] VERSION = "HTTP/1.1 ".getBytes(StandardCharsets.US_ASCII);
    private static final long LENGTH = HeaderName.bit(HeaderName.CONTENT_LENGTH);
    private static final long ENCODING = HeaderName.bit(HeaderName.TRANSFER_ENCODING);
    private static final int SLACK = 64;

    private ResponseRewrite() {}

    /**
     * Renders the head.
     *
     * @param chunksGoOn whether the client gets the body in chunks when it comes so
     * @param changes the route's
     * @param room bytes that the caller will add
     */
    static ByteBuf render(
            ByteBufAllocator allocator,
            ResponseHead head,
            Framing framing,
            Connection connection,
            boolean chunksGoOn,
            HeaderChanges changes,
            int room) {
        ByteBuf out = allocator.directBuffer(head.length() + SLACK + changes.size() + room);
        out.writeBytes(VERSION);
        int line = head.statusLineEnd() - head.statusStart();
        out.writeBytes(head.bytes(), head.statusStart(), line);
        if (line == 3) {
            out.writeByte(' ');
        }
        out.writeByte('\r').writeByte('\n');
        changes.write(head, out, dropped(head, framing, chunksGoOn));
        ByteBufUtil.writeAscii(out, connection.line);
        return out.writeByte('\r').writeByte('\n');
    }

    /** What does not go into HTTP/2 frames, which delimit a body themselves. */
    static long droppedFromFrames(ResponseHead head) {
        return dropped(head) | ENCODING;
    }

    private static long dropped(ResponseHead head, Framing framing, boolean chunksGoOn) {
        long dropped = dropped(head);
        return framing.body() != Framing.Body.CHUNKED || !chunksGoOn ? dropped | ENCODING : dropped;
    }

    private static long dropped(ResponseHead head) {
        // RFC 9110 8.6: neither 1xx nor 204 may have one.
        return head.status() < 200 || head.status() == 204
                ? RequestRewrite.HOP_BY_HOP | LENGTH
                : RequestRewrite.HOP_BY_HOP;
    }
}
