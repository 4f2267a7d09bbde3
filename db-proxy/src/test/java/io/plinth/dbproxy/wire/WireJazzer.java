package io.plinth.dbproxy.wire;

import com.code_intelligence.jazzer.api.FuzzedDataProvider;
import com.code_intelligence.jazzer.junit.FuzzTest;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Timeout;

/**
 * What Jazzer finds by coverage, in the profile {@code jazzer}: no bytes of a client are anything but messages or an error
 * of the protocol, and they are read the same whole or in two parts.
 */
class WireJazzer {
    @FuzzTest(maxDuration = "3m")
    @Timeout(value = 10, unit = TimeUnit.MINUTES)
    void messagesAndStartupPackets(FuzzedDataProvider data) {
        boolean startup = data.consumeBoolean();
        int split = data.consumeInt(0, 400);
        byte[] bytes = data.consumeRemainingAsBytes();
        if (startup) {
            try {
                StartupPacket.read(Unpooled.wrappedBuffer(bytes));
            } catch (SqlException e) {
                demand(!e.error().message().isEmpty(), "an error without a word");
            }
            return;
        }
        int at = Math.min(split, bytes.length);
        // Wrapped arrays of no length would be one buffer for all, which is never released.
        ByteBuf one = Unpooled.buffer(at + 1).writeBytes(bytes, 0, at);
        ByteBuf two = Unpooled.buffer(bytes.length + 1).writeBytes(bytes, at, bytes.length - at);
        FrameRun whole = FrameRun.of(List.of(Unpooled.wrappedBuffer(bytes)));
        FrameRun parts = FrameRun.of(List.of(one, two));
        demand(whole.seen().equals(parts.seen()), "in two parts: " + parts.seen() + " (expected: " + whole.seen());
        demand(one.refCnt() == 0 && two.refCnt() == 0, "a buffer that was not released");
    }

    private static void demand(boolean right, String what) {
        if (!right) {
            throw new IllegalStateException(what);
        }
    }
}
