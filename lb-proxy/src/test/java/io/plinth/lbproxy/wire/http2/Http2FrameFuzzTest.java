package io.plinth.lbproxy.wire.http2;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.netty.buffer.Unpooled;
import io.plinth.testkit.LeakCheck;
import io.plinth.testkit.SplitFeeding;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.SplittableRandom;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** Frames of every kind, right and wrong, end in a call or a {@link Fault}, however they are split; never in anything else. */
@ExtendWith(LeakCheck.class)
class Http2FrameFuzzTest {
    private static final Http2Limits LIMITS = new Http2Limits(100, 65_535, 1 << 20, 32_768, 100, 4, 100, 500, 4096);
    private static final int[] LENGTHS = {0, 1, 4, 5, 6, 8, 12, 30};

    /** Tells what a reader called, one string a call; feeds it as a connection does, with what was not whole in front. */
    private static final class Reading implements Consumer<ByteBuf>, FrameReader.Listener {
        private final Consumer<Object> seen;
        private final FrameReader reader = new FrameReader(this, LIMITS, true);
        private final ByteBuf held = Unpooled.buffer();
        private boolean over;

        Reading(Consumer<Object> seen) {
            this.seen = seen;
        }

        @Override
        public void accept(ByteBuf in) {
            held.writeBytes(in);
            try {
                while (!over && reader.read(held)) {
                    held.discardSomeReadBytes();
                }
            } catch (Fault fault) {
                over = fault.stream() == 0;
                seen.accept("fault " + fault.code() + " on " + fault.stream() + ": " + fault.getMessage());
                if (!over) {
                    accept(Unpooled.EMPTY_BUFFER);
                }
            }
        }

        @Override
        public void data(int stream, ByteBuf payload, int flow, boolean end) {
            seen.accept("data " + stream + " " + ByteBufUtil.hexDump(payload) + " " + flow + " " + end);
        }

        @Override
        public void headers(int stream, byte[] block, int length, boolean end, int dependency) {
            seen.accept(
                    "headers " + stream + " " + ByteBufUtil.hexDump(block, 0, length) + " " + end + " " + dependency);
        }

        @Override
        public void priority(int stream, int dependency) {
            seen.accept("priority " + stream + " " + dependency);
        }

        @Override
        public void reset(int stream, int code) {
            seen.accept("reset " + stream + " " + code);
        }

        @Override
        public void setting(int id, long value) {
            seen.accept("setting " + id + " " + value);
        }

        @Override
        public void settingsEnd(boolean ack) {
            seen.accept("settings " + ack);
        }

        @Override
        public void ping(long data, boolean ack) {
            seen.accept("ping " + data + " " + ack);
        }

        @Override
        public void goAway(int lastStream, int code) {
            seen.accept("goaway " + lastStream + " " + code);
        }

        @Override
        public void windowUpdate(int stream, int increment) {
            seen.accept("window " + stream + " " + increment);
        }

        @Override
        public void idleFrame() {
            seen.accept("idle");
        }
    }

    private static ByteBuf begun() {
        return Unpooled.buffer()
                .writeBytes("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".getBytes(StandardCharsets.US_ASCII))
                .writeMedium(0)
                .writeByte(FrameReader.SETTINGS)
                .writeByte(0)
                .writeInt(0);
    }

    private static void frame(ByteBuf out, SplittableRandom random) {
        int length = LENGTHS[random.nextInt(LENGTHS.length)];
        int type = random.nextInt(12);
        int flags = random.nextInt(3) == 0 ? random.nextInt(256) : FrameReader.END_HEADERS;
        int stream = random.nextInt(4) == 0 ? 0 : 1 + random.nextInt(4);
        out.writeMedium(length).writeByte(type).writeByte(flags).writeInt(stream);
        for (int i = 0; i < length; i++) {
            out.writeByte(random.nextInt(4) == 0 ? random.nextInt(256) : random.nextInt(4));
        }
    }

    @Test
    void framesAreTheSameHoweverTheyAreSplit() {
        for (long seed = 1; seed <= 400; seed++) {
            SplittableRandom random = new SplittableRandom(seed);
            ByteBuf bytes = begun();
            for (int i = random.nextInt(10); i >= 0; i--) {
                frame(bytes, random);
            }
            SplitFeeding.of(bytes).rounds(4).decoder(Reading::new);
        }
    }

    @Test
    void rightFramesArriveWhole() {
        ByteBuf bytes = begun();
        bytes.writeMedium(8)
                .writeByte(FrameReader.PING)
                .writeByte(0)
                .writeInt(0)
                .writeLong(7);
        bytes.writeMedium(3)
                .writeByte(FrameReader.HEADERS)
                .writeByte(1)
                .writeInt(1)
                .writeMedium(0x828486);
        bytes.writeMedium(1)
                .writeByte(FrameReader.CONTINUATION)
                .writeByte(4)
                .writeInt(1)
                .writeByte(0x41);
        bytes.writeMedium(5)
                .writeByte(FrameReader.DATA)
                .writeByte(9)
                .writeInt(3)
                .writeByte(2)
                .writeInt(0x61620000);
        List<String> seen = SplitFeeding.of(bytes).decoder(Reading::new);
        assertThat(seen)
                .containsExactly("settings false", "ping 7 false", "headers 1 82848641 true -1", "data 3 6162 5 true");
    }

    @Test
    void flippedBytesNeverThrowAnythingElse() {
        ByteBuf right = begun();
        for (int i = 0; i < 10; i++) {
            frame(right, new SplittableRandom(i));
        }
        byte[] whole = ByteBufUtil.getBytes(right);
        for (long seed = 1; seed <= 20_000; seed++) {
            SplittableRandom random = new SplittableRandom(seed);
            byte[] bytes = whole.clone();
            for (int i = random.nextInt(4); i >= 0; i--) {
                bytes[24 + random.nextInt(bytes.length - 24)] = (byte) random.nextInt(256);
            }
            try {
                new Reading(seen -> {}).accept(Unpooled.wrappedBuffer(bytes));
            } catch (RuntimeException e) {
                throw new AssertionError("seed " + seed, e);
            }
        }
    }

    @Test
    void anyHeaderBlockEndsInFieldsOrAFault() {
        for (long seed = 1; seed <= 20_000; seed++) {
            SplittableRandom random = new SplittableRandom(seed);
            HpackDecoder decoder = new HpackDecoder(4096, 8192, 100);
            for (int block = 0; block < 4; block++) {
                byte[] bytes = new byte[random.nextInt(40)];
                random.nextBytes(bytes);
                try {
                    decoder.decode(bytes, 0, bytes.length, (name, from, to, value, valueFrom, valueTo) -> {
                        if (from > to || to > name.length || valueFrom > valueTo || valueTo > value.length) {
                            throw new IllegalStateException("field out of its bytes");
                        }
                    });
                } catch (Fault fault) {
                    break;
                } catch (RuntimeException e) {
                    throw new AssertionError("seed " + seed, e);
                }
            }
        }
    }
}
