package io.plinth.mqbroker.wire;

import com.code_intelligence.jazzer.api.FuzzedDataProvider;
import com.code_intelligence.jazzer.junit.FuzzTest;
import io.netty.buffer.Unpooled;
import io.netty.channel.embedded.EmbeddedChannel;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Timeout;

/**
 * What Jazzer finds by coverage, in the profile {@code jazzer}: no octets are a fault of the frame decoder, nothing follows what it refused,
 * and it reads the same whether they come whole or in two parts.
 */
class FrameDecoderJazzer {
    @FuzzTest(maxDuration = "5m")
    @Timeout(value = 10, unit = TimeUnit.MINUTES)
    void frames(FuzzedDataProvider data) {
        int split = data.consumeInt(0, 400);
        byte[] bytes = data.consumeRemainingAsBytes();
        List<String> whole = decode(bytes, bytes.length);
        List<String> parts = decode(bytes, Math.min(split, bytes.length));
        if (!whole.equals(parts)) {
            throw new IllegalStateException("in two parts: " + parts + " (expected: " + whole + ")");
        }
    }

    private static List<String> decode(byte[] bytes, int at) {
        EmbeddedChannel channel = new EmbeddedChannel(new FrameDecoder(4096, new FieldTableCodec(8, 1024)));
        channel.writeInbound(Unpooled.wrappedBuffer(FrameDecoder.preamble()));
        channel.writeInbound(Unpooled.copiedBuffer(bytes, 0, at));
        channel.writeInbound(Unpooled.copiedBuffer(bytes, at, bytes.length - at));
        List<String> seen = new ArrayList<>();
        boolean refused = false;
        for (Frame frame = channel.readInbound(); frame != null; frame = channel.readInbound()) {
            if (refused) {
                throw new IllegalStateException("behind a malformed frame: " + frame);
            }
            refused = frame instanceof Frame.Malformed;
            seen.add(shown(frame));
        }
        channel.finishAndReleaseAll();
        return seen;
    }

    private static String shown(Frame frame) {
        return switch (frame) {
            case Frame.Malformed f -> "malformed: " + f.error().code();
            case Frame.MethodFrame f ->
                f.channel() + " " + f.method().classId() + "." + f.method().methodId();
            default -> frame.getClass().getSimpleName();
        };
    }
}
