package io.plinth.kvcache.listen;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.netty.buffer.Unpooled;
import io.netty.channel.embedded.EmbeddedChannel;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class LastRecordTest {
    private final EmbeddedChannel channel = new EmbeddedChannel(new LastRecord());

    private static ByteBuf record(int type, int length) {
        return Unpooled.buffer()
                .writeByte(type)
                .writeShort(0x303)
                .writeShort(length)
                .writeBytes(new byte[length]);
    }

    private List<ByteBuf> passed() {
        List<ByteBuf> all = new ArrayList<>();
        for (ByteBuf next = channel.readInbound(); next != null; next = channel.readInbound()) {
            all.add(next);
        }
        return all;
    }

    @Test
    void whatMayBeTheFarewellComesForItself() {
        for (int[] last : new int[][] {{23, 19}, {23, 35}, {21, 26}, {21, 2}}) {
            ByteBuf both = Unpooled.wrappedBuffer(record(23, 300), record(23, 17), record(last[0], last[1]));
            channel.writeInbound(both);
            List<ByteBuf> passed = passed();
            assertThat(passed).extracting(ByteBuf::readableBytes).containsExactly(305 + 22, 5 + last[1]);
            passed.forEach(ByteBuf::release);
            assertThat(both.refCnt()).isZero();
        }
        channel.writeInbound(record(23, 20));
        assertThat(passed()).extracting(ByteBuf::readableBytes).containsExactly(25);
        channel.writeInbound(Unpooled.wrappedBuffer(record(23, 20), record(23, 200)));
        assertThat(passed()).extracting(ByteBuf::readableBytes).containsExactly(230);
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 4})
    void everyByteIsHandedOnWhereverReadsEnd(long seed) {
        SplittableRandom random = new SplittableRandom(seed);
        ByteBuf all = Unpooled.buffer();
        for (int i = 0; i < 200; i++) {
            byte[] body = new byte[random.nextInt(4) == 0 ? 19 : random.nextInt(300)];
            random.nextBytes(body);
            all.writeByte(20 + random.nextInt(4))
                    .writeShort(0x303)
                    .writeShort(body.length)
                    .writeBytes(body);
        }
        byte[] given = ByteBufUtil.getBytes(all);
        while (all.isReadable()) {
            channel.writeInbound(all.readRetainedSlice(1 + random.nextInt(Math.min(all.readableBytes(), 400))));
        }
        ByteBuf back = Unpooled.buffer();
        for (ByteBuf each : passed()) {
            back.writeBytes(each);
            each.release();
        }
        assertThat(ByteBufUtil.getBytes(back)).as("seed %d", seed).isEqualTo(given);
        assertThat(all.refCnt()).isOne();
        // Where the last read ended between two records the next begins one.
        channel.writeInbound(Unpooled.wrappedBuffer(record(23, 5), record(21, 2)));
        assertThat(passed()).hasSize(2);
    }
}
