package io.plinth.deploy.bench;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;

class HttpResponsesTest {
    private static final String TWO =
            "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhelloHTTP/1.1 200 OK\r\ncontent-length:0\r\nX: y\r\n\r\n";

    private static ByteBuf bytes(String text) {
        return Unpooled.copiedBuffer(text, StandardCharsets.US_ASCII);
    }

    @Test
    void wholeResponsesAreCountedHoweverTheyCome() {
        assertThat(new HttpResponses().read(bytes(TWO))).isEqualTo(2);
        HttpResponses slowly = new HttpResponses();
        int whole = 0;
        for (int i = 0; i < TWO.length(); i++) {
            whole += slowly.read(bytes(TWO.substring(i, i + 1)));
        }
        assertThat(whole).isEqualTo(2);
    }

    @Test
    void anythingElseIsWrong() {
        assertThat(new HttpResponses().read(bytes("HTTP/1.1 503 No\r\nContent-Length: 0\r\n\r\n")))
                .isEqualTo(HttpResponses.WRONG);
        assertThat(new HttpResponses().read(bytes("HTTP/1.1 200 OK\r\n\r\n"))).isEqualTo(HttpResponses.WRONG);
    }
}
