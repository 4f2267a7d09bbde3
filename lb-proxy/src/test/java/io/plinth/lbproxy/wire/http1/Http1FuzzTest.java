package io.plinth.lbproxy.wire.http1;

import static org.assertj.core.api.Assertions.assertThatCode;

import io.netty.buffer.Unpooled;
import io.plinth.testkit.LeakCheck;
import io.plinth.testkit.SplitFeeding;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** Broken requests end in a rejection or in sense, whatever they are and however they come; never in an exception. */
@ExtendWith(LeakCheck.class)
class Http1FuzzTest {
    private static final String[] PIECES = {
        "GET ",
        "POST ",
        "/",
        "/a/../b",
        " HTTP/1.1\r\n",
        " HTTP/1.0\r\n",
        "Host: a\r\n",
        "Content-Length: 5\r\n",
        "Transfer-Encoding: chunked\r\n",
        "Connection: close, x\r\n",
        "X: y\r\n",
        "\r\n",
        "\r\n\r\n",
        "5\r\nhello\r\n",
        "0\r\n\r\n",
        "0\r\nT: 1\r\n\r\n",
        "hello",
        "\r",
        "\n",
        "\0",
        ":",
        " ",
        ";ext=1",
        "ffffffffffffffff",
        "é"
    };

    @Test
    void whatComesOfPiecesDoesNotDependOnHowTheyAreSplit() {
        for (long seed = 1; seed <= 300; seed++) {
            SplittableRandom random = new SplittableRandom(seed);
            StringBuilder text = new StringBuilder();
            if (random.nextInt(4) != 0) {
                text.append("POST / HTTP/1.1\r\nHost: a\r\n");
            }
            for (int i = random.nextInt(12); i >= 0; i--) {
                text.append(PIECES[random.nextInt(PIECES.length)]);
            }
            byte[] bytes = RequestReading.bytes(text.toString());
            SplitFeeding.of(bytes).rounds(4).decoder(RequestReading::new);
        }
    }

    @Test
    void flippedBytesNeverThrow() {
        byte[] right = RequestReading.bytes("POST /path?query HTTP/1.1\r\n"
                + "Host: shop.example\r\n"
                + "User-Agent: x\r\n"
                + "Transfer-Encoding: chunked\r\n\r\n"
                + "5;a=b\r\n"
                + "hello\r\n"
                + "0\r\n"
                + "T: 1\r\n\r\n"
                + "GET / HTTP/1.1\r\n"
                + "Host: a\r\n\r\n");
        for (long seed = 1; seed <= 20_000; seed++) {
            SplittableRandom random = new SplittableRandom(seed);
            byte[] bytes = right.clone();
            for (int i = random.nextInt(3); i >= 0; i--) {
                bytes[random.nextInt(bytes.length)] = (byte) random.nextInt(256);
            }
            assertThatCode(() -> new RequestReading(seen -> {}).accept(Unpooled.wrappedBuffer(bytes)))
                    .as("seed %s", seed)
                    .doesNotThrowAnyException();
        }
    }
}
