package io.plinth.kit.lifecycle;

import io.plinth.kit.config.DataSize;
import java.util.List;

/**
 * Memory of a node's process.
 *
 * @param heap maximum heap
 * @param direct maximum direct memory: network buffers and off-heap stores
 * @param options further JVM options this daemon needs
 */
public record JvmSizing(DataSize heap, DataSize direct, List<String> options) {
    public JvmSizing {
        options = List.copyOf(options);
    }
}
