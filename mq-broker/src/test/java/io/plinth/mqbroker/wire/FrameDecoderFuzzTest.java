package io.plinth.mqbroker.wire;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.embedded.EmbeddedChannel;
import java.util.Map;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

class FrameDecoderFuzzTest {
    private static final int ROUNDS = Integer.getInteger("fuzz.rounds", 20_000);

    /** Frames with right outsides and random insides, and valid frames with some octets changed. */
    @Test
    void noInputDoesAnythingButDecodeOrBeRefused() {
        SplittableRandom random = new SplittableRandom(Long.getLong("plinth.seed", 42));
        for (int round = 0; round < ROUNDS; round++) {
            ByteBuf in = Unpooled.buffer().writeBytes(FrameDecoder.preamble());
            if (random.nextBoolean()) {
                framed(in, random);
            } else {
                mutated(in, random);
            }
            EmbeddedChannel channel = new EmbeddedChannel(new FrameDecoder(4096, new FieldTableCodec(8, 1024)));
            while (in.isReadable()) {
                channel.writeInbound(in.readRetainedSlice(1 + random.nextInt(in.readableBytes())));
            }
            in.release();
            int malformed = 0;
            for (Frame frame = channel.readInbound(); frame != null; frame = channel.readInbound()) {
                assertThat(malformed).as("nothing follows a malformed frame").isZero();
                malformed += frame instanceof Frame.Malformed ? 1 : 0;
            }
            channel.finishAndReleaseAll();
        }
    }

    private static void framed(ByteBuf in, SplittableRandom random) {
        byte[] payload = new byte[random.nextInt(64)];
        random.nextBytes(payload);
        if (payload.length >= 4) {
            int[] classes = {10, 20, 30, 40, 50, 60, 85, 90};
            payload[0] = 0;
            payload[1] = (byte) classes[random.nextInt(classes.length)];
            payload[2] = 0;
            payload[3] = (byte) (random.nextInt(13) * 10 + random.nextInt(2));
        }
        in.writeByte(1 + random.nextInt(3)).writeShort(random.nextInt(3)).writeInt(payload.length);
        in.writeBytes(payload).writeByte(Frame.END);
    }

    private static void mutated(ByteBuf in, SplittableRandom random) {
        int from = in.writerIndex();
        FieldTable table = new FieldTable(Map.of("k", new FieldTable(Map.of("n", 1L, "s", "text"))));
        FrameWriter.method(in, 1, new QueueMethod.Bind(0, "q", "e", "k", false, table));
        FrameWriter.content(in, 1, new byte[] {0x10, 0, 2}, new byte[10], 4096);
        for (int i = random.nextInt(4); i > 0; i--) {
            in.setByte(from + random.nextInt(in.writerIndex() - from), random.nextInt(256));
        }
    }
}
