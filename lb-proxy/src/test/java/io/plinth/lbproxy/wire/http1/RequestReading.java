package io.plinth.lbproxy.wire.http1;

import io.netty.buffer.ByteBuf;
import java.nio.charset.StandardCharsets;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** Reads requests off a stream as the proxy does and tells what it saw, one string a thing. */
final class RequestReading implements Consumer<ByteBuf> {
    static final Http1Limits LIMITS = new Http1Limits(256, 1024, 20, 64, 256);
    static final long MAX_BODY = 10_000;

    private final Consumer<Object> seen;
    private final RequestHead head = new RequestHead();
    private final HeadParser parser = new HeadParser(LIMITS, head);
    private final Framing framing = new Framing();
    private final BodyDecoder body;
    private final boolean chunksGoOn;
    /** Shown once the body is whole: what of it went on before a rejection depends on the reads. */
    private final StringBuilder forwarded = new StringBuilder();

    private boolean inBody;
    private boolean over;

    RequestReading(Consumer<Object> seen) {
        this(seen, true);
    }

    RequestReading(Consumer<Object> seen, boolean chunksGoOn) {
        this.seen = seen;
        this.chunksGoOn = chunksGoOn;
        body = new BodyDecoder(LIMITS, MAX_BODY);
    }

    @Override
    public void accept(ByteBuf in) {
        while (in.isReadable() && !over) {
            if (!inBody) {
                head(in);
            } else {
                body(in);
            }
        }
        if (over) {
            in.skipBytes(in.readableBytes());
        }
    }

    private void head(ByteBuf in) {
        switch (parser.parse(in)) {
            case MORE -> {}
            case REJECTED -> rejected(parser.rejection());
            case DONE -> {
                Rejection wrong = framing.request(head);
                if (wrong == null) {
                    wrong = body.begin(framing, chunksGoOn);
                }
                if (wrong != null) {
                    rejected(wrong);
                    return;
                }
                seen.accept(describe());
                inBody = true;
                ended();
            }
        }
    }

    private String describe() {
        StringBuilder text = new StringBuilder(head.text(head.methodStart(), head.methodEnd()))
                .append(' ')
                .append(head.text(head.path(), head.targetEnd()))
                .append(' ')
                .append(framing.body())
                .append(framing.keepAlive() ? " lasts" : " closes")
                .append(framing.upgrade() ? " upgrade" : "");
        for (int i = 0; i < head.count(); i++) {
            text.append('|').append(head.name(i)).append('=').append(head.value(i));
        }
        return text.toString();
    }

    private void body(ByteBuf in) {
        int count = body.next(in);
        if (count == BodyDecoder.REJECTED) {
            rejected(body.rejection());
            return;
        }
        if (count > 0) {
            forwarded.append(in.readCharSequence(count, StandardCharsets.ISO_8859_1));
        }
        ended();
    }

    private void ended() {
        if (body.done()) {
            TrailerFields trailers = body.trailers();
            if (!forwarded.isEmpty()) {
                seen.accept(forwarded.toString());
                forwarded.setLength(0);
            }
            seen.accept("end of " + body.received()
                    + (trailers == null ? "" : " trailers " + trailers.text(0, trailers.fieldsEnd())));
            inBody = false;
            parser.begin(head);
        }
    }

    private void rejected(@Nullable Rejection why) {
        seen.accept(String.valueOf(why));
        over = true;
    }

    static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.ISO_8859_1);
    }
}
