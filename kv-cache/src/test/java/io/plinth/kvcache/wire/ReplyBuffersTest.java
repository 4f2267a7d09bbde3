package io.plinth.kvcache.wire;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.junit.jupiter.api.Test;

class ReplyBuffersTest {
    private final ReplyBuffers buffers = new ReplyBuffers();
    private final ReplyWriter writer = new ReplyWriter(ByteBufAllocator.DEFAULT, buffers, () -> 10_000);

    private ByteBuf taken() {
        return Objects.requireNonNull(writer.take());
    }

    @Test
    void aBufferThatCameBackIsEmptyAndUsedAgain() {
        writer.bulk("a reply");
        ByteBuf first = taken();
        buffers.give(first);
        writer.integer(5);
        ByteBuf second = taken();
        assertThat(second).isSameAs(first);
        assertThat(second.toString(US_ASCII)).isEqualTo(":5\r\n");
        buffers.give(second);

        writer.bulk("rewound");
        writer.rewind(0);
        assertThat(writer.take()).isNull();
        writer.ok();
        assertThat(taken()).isSameAs(first);
    }

    @Test
    void whatOutgrowsABufferGoesOnInAnother() {
        StringBuilder expected = new StringBuilder();
        for (int i = 0; i < 700; i++) {
            writer.integer(i);
            expected.append(':').append(i).append("\r\n");
        }
        ByteBuf reply = taken();
        assertThat(reply.toString(US_ASCII)).isEqualTo(expected.toString());
        assertThat(ReplyBuffers.isOwn(reply)).isFalse();
        buffers.give(reply);
        assertThat(reply.refCnt()).isZero();

        // As long as the last one was, from the first byte on.
        writer.ok();
        assertThat(ReplyBuffers.isOwn(Objects.requireNonNull(writer.written()))).isFalse();
        buffers.give(taken());
        writer.ok();
        assertThat(ReplyBuffers.isOwn(taken())).isTrue();
    }

    @Test
    void theLimitHoldsInAnyBuffer() {
        writer.bulk(new byte[1_000]);
        assertThatThrownBy(() -> writer.bulk(new byte[10_000])).isInstanceOf(OutputLimitException.class);
        assertThat(writer.size()).isGreaterThan(1_000);
        buffers.give(taken());
    }

    @Test
    void whereManyAreInUseTheyComeFromAPoolAndLostOnesAreReplaced() {
        List<ByteBuf> used = new ArrayList<>();
        for (int i = 0; i < 100; i++) {
            used.add(buffers.take(ByteBufAllocator.DEFAULT));
        }
        assertThat(used.stream().filter(ReplyBuffers::isOwn)).hasSize(64);
        used.forEach(ByteBuf::release);

        int own = 0;
        for (int i = 0; i < 3_000; i++) {
            ByteBuf next = buffers.take(ByteBufAllocator.DEFAULT);
            own += ReplyBuffers.isOwn(next) ? 1 : 0;
            next.release();
        }
        assertThat(own).isEqualTo(2);
    }
}
