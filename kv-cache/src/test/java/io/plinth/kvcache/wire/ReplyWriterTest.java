package io.plinth.kvcache.wire;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;

class ReplyWriterTest {
    private static String written(int protocol, Consumer<ReplyWriter> replies) {
        ReplyWriter writer = new ReplyWriter(ByteBufAllocator.DEFAULT, 1 << 20);
        writer.protocol(protocol);
        replies.accept(writer);
        ByteBuf out = writer.take();
        if (out == null) {
            return "";
        }
        String text = out.toString(ISO_8859_1);
        out.release();
        return text;
    }

    private static void everything(ReplyWriter out) {
        out.ok();
        out.integer(-7);
        out.integer(123_456);
        out.bulk("ab");
        out.bulkLong(42);
        out.nullBulk();
        out.nullArray();
        out.array(1);
        out.map(1);
        out.set(2);
        out.push(3);
        out.number("1.5");
        out.truth(true);
        out.verbatim("hi");
        out.error("ERR no");
    }

    @Test
    void writesResp2() {
        assertThat(written(2, ReplyWriterTest::everything))
                .isEqualTo("+OK\r\n:-7\r\n:123456\r\n$2\r\nab\r\n$2\r\n42\r\n$-1\r\n*-1\r\n*1\r\n*2\r\n*2\r\n*3\r\n"
                        + "$3\r\n1.5\r\n:1\r\n$2\r\nhi\r\n-ERR no\r\n");
    }

    @Test
    void writesResp3() {
        assertThat(written(3, ReplyWriterTest::everything))
                .isEqualTo("+OK\r\n:-7\r\n:123456\r\n$2\r\nab\r\n$2\r\n42\r\n_\r\n_\r\n*1\r\n%1\r\n~2\r\n>3\r\n"
                        + ",1.5\r\n#t\r\n=6\r\ntxt:hi\r\n-ERR no\r\n");
    }

    @Test
    void forgetsWhatIsRewound() {
        assertThat(written(2, out -> {
                    out.ok();
                    int mark = out.size();
                    out.bulk("gone");
                    out.rewind(mark);
                    out.pong();
                }))
                .isEqualTo("+OK\r\n+PONG\r\n");
    }

    @Test
    void refusesToGrowPastItsLimit() {
        ReplyWriter writer = new ReplyWriter(ByteBufAllocator.DEFAULT, 1000);
        writer.bulk(new byte[600]);

        assertThatThrownBy(() -> writer.bulk(new byte[600])).isInstanceOf(OutputLimitException.class);

        ByteBuf out = writer.take();
        if (out != null) {
            out.release();
        }
    }
}
