package io.plinth.lbproxy.route;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.buffer.Unpooled;
import io.plinth.lbproxy.wire.http1.HeadParser;
import io.plinth.lbproxy.wire.http1.Http1Limits;
import io.plinth.lbproxy.wire.http1.RequestHead;
import java.nio.charset.StandardCharsets;

/** Heads as the parser reads them. */
public final class Heads {
    private Heads() {}

    /** A request line without its version, then header lines. */
    public static RequestHead of(String line, String... fields) {
        RequestHead head = new RequestHead();
        String text =
                line + " HTTP/1.1\r\n" + String.join("\r\n", fields) + (fields.length == 0 ? "" : "\r\n") + "\r\n";
        HeadParser parser = new HeadParser(new Http1Limits(8192, 32768, 100, 256, 8192), head);
        assertThat(parser.parse(Unpooled.wrappedBuffer(text.getBytes(StandardCharsets.ISO_8859_1))))
                .isEqualTo(HeadParser.Outcome.DONE);
        return head;
    }
}
