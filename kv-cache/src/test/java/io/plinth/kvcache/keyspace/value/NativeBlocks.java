package io.plinth.kvcache.keyspace.value;

import static org.assertj.core.api.Assertions.assertThat;

import io.plinth.kvcache.keyspace.memory.Blocks;
import io.plinth.kvcache.keyspace.memory.NoRoomException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.HashMap;
import java.util.Map;

/** Native memory that knows what is taken, overwrites what comes back, and has no more where that is wanted. */
final class NativeBlocks implements Blocks, AutoCloseable {
    private static final byte GONE = (byte) 0xd5;

    private final Arena arena = Arena.ofConfined();
    private final Map<Long, MemorySegment> taken = new HashMap<>();
    /** How many may still be taken. */
    long left = Long.MAX_VALUE;

    @Override
    public int room(int bytes) {
        return bytes + 7 & ~7;
    }

    @Override
    public long allocate(int bytes) {
        if (left == 0) {
            throw new NoRoomException("OOM memory: no more");
        }
        left--;
        MemorySegment place = arena.allocate(bytes);
        place.fill(GONE);
        taken.put(place.address(), place);
        return place.address();
    }

    @Override
    public void free(long address, int bytes) {
        MemorySegment place = taken.remove(address);
        assertThat(place).isNotNull();
        assertThat(place.byteSize()).isEqualTo(bytes);
        place.fill(GONE);
    }

    @Override
    public long fuller(long address, int bytes) {
        return address % 64 == 0 ? allocate(bytes) : 0;
    }

    @Override
    public int share(int bytes) {
        return bytes;
    }

    long bytes() {
        return taken.values().stream().mapToLong(MemorySegment::byteSize).sum();
    }

    @Override
    public void close() {
        arena.close();
    }
}
