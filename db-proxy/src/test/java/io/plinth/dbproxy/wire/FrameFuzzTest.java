package io.plinth.dbproxy.wire;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.io.ByteArrayOutputStream;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** Streams of both directions in any pieces, right and wrong; {@code -Dfuzz.rounds} for more of them. */
class FrameFuzzTest {
    private static final String TYPES = "QPBDECSHFdcfpXTZKRSNtsn123";
    private final int rounds = Integer.getInteger("fuzz.rounds", 4000);
    private final long first = Long.getLong("plinth.seed", 1);

    @Test
    void whatPassesIsTheSameBytesInWhateverPiecesTheyCome() {
        for (int round = 0; round < rounds; round++) {
            long seed = first + round;
            Random random = new Random(seed);
            byte[] stream = stream(random);
            FrameRun whole = FrameRun.of(List.of(Unpooled.wrappedBuffer(stream)));
            assertThat(whole.error).as("seed %d", seed).isEmpty();
            List<ByteBuf> pieces = random.nextInt(5) == 0 ? bytes(stream) : pieces(stream, random);
            FrameRun split = FrameRun.of(pieces);
            assertThat(split.seen()).as("seed %d", seed).isEqualTo(whole.seen());
            assertThat(pieces).as("seed %d: released", seed).allMatch(piece -> piece.refCnt() == 0);
        }
    }

    @Test
    void whatIsBrokenEndsInAnErrorOfTheProtocolAndKeepsNoBuffer() {
        for (int round = 0; round < rounds; round++) {
            long seed = first + round;
            Random random = new Random(seed);
            byte[] stream = stream(random);
            for (int i = 1 + random.nextInt(3); i > 0 && stream.length > 0; i--) {
                stream[random.nextInt(stream.length)] = (byte) random.nextInt();
            }
            FrameRun whole = FrameRun.of(List.of(Unpooled.wrappedBuffer(stream)));
            List<ByteBuf> pieces = pieces(stream, random);
            FrameRun split = FrameRun.of(pieces);
            assertThat(split.seen()).as("seed %d", seed).isEqualTo(whole.seen());
            assertThat(split.error)
                    .as("seed %d", seed)
                    .isIn("", SqlError.PROTOCOL_VIOLATION, SqlError.LIMIT_EXCEEDED, SqlError.NOT_SUPPORTED);
            assertThat(pieces).as("seed %d: released", seed).allMatch(piece -> piece.refCnt() == 0);
        }
    }

    private static byte[] stream(Random random) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        for (int i = random.nextInt(12); i > 0; i--) {
            byte[] body = new byte[random.nextInt(8) == 0 ? random.nextInt(FrameRun.LIMIT - 4) : random.nextInt(30)];
            random.nextBytes(body);
            ByteBuf frame = Unpooled.buffer();
            frame.writeByte(TYPES.charAt(random.nextInt(TYPES.length()))).writeInt(4 + body.length);
            frame.writeBytes(body);
            out.write(frame.array(), 0, frame.readableBytes());
        }
        return out.toByteArray();
    }

    private static List<ByteBuf> bytes(byte[] stream) {
        List<ByteBuf> pieces = new ArrayList<>();
        for (byte each : stream) {
            pieces.add(Unpooled.buffer(1).writeByte(each));
        }
        return pieces;
    }

    private static List<ByteBuf> pieces(byte[] stream, Random random) {
        List<ByteBuf> pieces = new ArrayList<>();
        int from = 0;
        while (from < stream.length) {
            int length = Math.min(stream.length - from, 1 + random.nextInt(random.nextBoolean() ? 6 : 400));
            // Some can grow, others cannot, as socket reads and slices come.
            ByteBuf piece = random.nextBoolean() ? Unpooled.buffer(length) : Unpooled.buffer(length, length);
            pieces.add(piece.writeBytes(stream, from, length));
            from += length;
        }
        return pieces;
    }
}
