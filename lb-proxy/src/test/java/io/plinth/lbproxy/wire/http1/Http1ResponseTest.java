package io.plinth.lbproxy.wire.http1;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class Http1ResponseTest {
    private final ResponseHead head = new ResponseHead();
    private final Framing framing = new Framing();

    private @Nullable Rejection read(String text, boolean toHead) {
        HeadParser parser = new HeadParser(RequestReading.LIMITS, head);
        parser.begin(head);
        ByteBuf in = Unpooled.wrappedBuffer(RequestReading.bytes(text));
        return parser.parse(in) == HeadParser.Outcome.DONE ? framing.response(head, toHead) : parser.rejection();
    }

    @ParameterizedTest
    @CsvSource({
        "200, false, LENGTH",
        "200, true, NONE",
        "204, false, NONE",
        "304, false, NONE",
        "103, false, NONE",
        "404, false, LENGTH"
    })
    void whetherAResponseHasABodyDependsOnStatusAndMethod(int status, boolean toHead, Framing.Body body) {
        assertThat(read("HTTP/1.1 " + status + " Reason\r\nContent-Length: 5\r\n\r\n", toHead))
                .isNull();
        assertThat(framing.body()).isEqualTo(body);
        assertThat(framing.keepAlive()).isTrue();
    }

    @Test
    void aResponseWithoutLengthLastsUntilTheServerCloses() {
        assertThat(read("HTTP/1.1 200\r\n\r\n", false)).isNull();
        assertThat(framing.body()).isEqualTo(Framing.Body.UNTIL_CLOSE);
        assertThat(framing.keepAlive()).isFalse();
    }

    @ParameterizedTest
    @CsvSource({
        "HTTP/1.1 99 X, STATUS_LINE",
        "HTTP/1.1 600 X, STATUS_LINE",
        "HTTP/1.1 2000 X, STATUS_LINE",
        "HTTP/1.1  200 X, STATUS_LINE",
        "HTTP/2.0 200 X, STATUS_LINE",
        "HTTP/1.1 20x X, STATUS_LINE",
        "ICY 200 OK, STATUS_LINE"
    })
    void aWrongStatusLineIsRefused(String line, Rejection rejection) {
        assertThat(read(line + "\r\n\r\n", false)).isEqualTo(rejection);
    }

    @Test
    void aResponseThatCannotBeFramedIsRefused() {
        assertThat(read("HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n", false))
                .isEqualTo(Rejection.LENGTH_AND_ENCODING);
        assertThat(read("HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", false))
                .isEqualTo(Rejection.TRANSFER_ENCODING);
        assertThat(read("HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n", false))
                .isEqualTo(Rejection.TRANSFER_ENCODING);
        assertThat(read("HTTP/1.1 200 OK\r\nContent-Length: 1, 1\r\n\r\n", false))
                .isEqualTo(Rejection.CONTENT_LENGTH);
    }
}
