package io.plinth.kvcache.keyspace.memory;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import org.junit.jupiter.api.Test;

class NativeTest {
    @Test
    void seesEachByteThatDiffersAndNoneBeyond() {
        byte[] bytes = new byte[50];
        for (int i = 0; i < bytes.length; i++) {
            bytes[i] = (byte) (i * 37);
        }
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment there = arena.allocate(64);
            for (int length = 0; length <= 40; length++) {
                for (int differs = 0; differs <= length; differs++) {
                    Native.put(bytes, 3, there.address() + 5, length);
                    Native.putByte(there.address() + 5 + differs, ~bytes[3 + differs]);
                    assertThat(Native.same(there.address() + 5, bytes, 3, length))
                            .as("%d of %d", differs, length)
                            .isEqualTo(differs == length);
                }
            }
        }
    }
}
