package io.plinth.kvcache.wire;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.buffer.Unpooled;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

class RequestDecoderFuzzTest {
    private static final byte[] ALPHABET =
            "*$3\r\n012\"'\\x abPING-\0".getBytes(java.nio.charset.StandardCharsets.ISO_8859_1);
    private static final int ROUNDS = 20_000;

    @Test
    void endsInCommandsOrAProtocolErrorAndHoldsNoMoreThanItsLimits() {
        WireLimits limits = new WireLimits(64, 16, 64, 256);
        int errors = 0;
        int commands = 0;
        for (long seed = 0; seed < ROUNDS; seed++) {
            SplittableRandom random = new SplittableRandom(seed);
            ClientMemory memory = new ClientMemory(1 << 20);
            RequestDecoder decoder = new RequestDecoder(limits, new ReadBuffers(), memory);
            try {
                for (int part = 0; part < 8; part++) {
                    decoder.feed(Unpooled.wrappedBuffer(bytes(random)));
                    while (decoder.next()) {
                        commands++;
                        assertThat(decoder.args().count()).isBetween(1, 64);
                    }
                    assertThat(decoder.held()).isLessThanOrEqualTo(ReadBuffers.SIZE);
                }
            } catch (ProtocolException e) {
                errors++;
                assertThat(e).hasMessageStartingWith("Protocol error: ");
            }
            decoder.close();
            assertThat(memory.used()).isZero();
        }
        assertThat(errors).isPositive();
        assertThat(commands).isPositive();
    }

    private static byte[] bytes(SplittableRandom random) {
        byte[] bytes = new byte[1 + random.nextInt(60)];
        for (int i = 0; i < bytes.length; i++) {
            bytes[i] = random.nextInt(20) == 0 ? (byte) random.nextInt(256) : ALPHABET[random.nextInt(ALPHABET.length)];
        }
        if (random.nextBoolean()) {
            byte[] start = "*2\r\n$4\r\nECHO\r\n$1\r\n".getBytes(java.nio.charset.StandardCharsets.ISO_8859_1);
            System.arraycopy(start, 0, bytes, 0, Math.min(start.length, bytes.length));
        }
        return bytes;
    }
}
