package io.plinth.kvcache.admin.process;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.plinth.kit.config.ConfigException;
import io.plinth.kit.config.StackFile;
import io.plinth.kit.config.StackFiles;
import io.plinth.kvcache.KvCacheMain;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ResidentBoundTest {
    private static final long MIB = 1 << 20;
    private static final ResidentBound.Given GIVEN =
            new ResidentBound.Given(1024 * MIB, 256 * MIB, 64 * MIB, 1_000_000, 0, 0, false);

    @Test
    void theHeapHasTwoThirdsOfTheKeysWithAThirdOnTop() {
        assertThat(GIVEN.heap() >> 20).isBetween(1400L, 1440L);
        assertThat(GIVEN.onHeap(GIVEN.heap()) >> 20).isEqualTo(682);
        assertThat(GIVEN.onHeap(4 * GIVEN.heap()) >> 20).isEqualTo(682);
    }

    @Test
    void onASmallHeapThereAreFewerKeys() {
        assertThat(GIVEN.onHeap(900 * MIB) >> 20).isBetween(280L, 300L);
        assertThat(GIVEN.onHeap(200 * MIB) >> 20).isEqualTo(50);
    }

    @Test
    void theSumIsThatOfItsParts() {
        ResidentBound bound = ResidentBound.of(GIVEN);
        assertThat(bound.parts()).containsOnlyKeys("keys", "heap", "buffers", "code", "program", "disk");
        assertThat(bound.bytes())
                .isEqualTo(bound.parts().values().stream()
                        .mapToLong(Long::longValue)
                        .sum());
        assertThat(bound.parts().get("keys")).isGreaterThan(1152 * MIB);
        assertThat(bound.machine()).isGreaterThan(256 * MIB);
    }

    @Test
    void moreMemoryThanTheMachineHasIsRefused(@TempDir Path folder) throws Exception {
        Path path = Files.writeString(
                folder.resolve("plinth.yaml"), "stack: test\nkv-cache: {}\nnodes:\n  kv: { run: kv-cache }\n");
        StackFile file = StackFiles.read(path, List.of(KvCacheMain.TYPE), Map.of(), Map.of());
        ResidentBound bound = new ResidentBound(Map.of("keys", 2000 * MIB), 1024 * MIB);
        bound.check(file, 1024 * MIB);
        assertThatThrownBy(() -> bound.check(file, 1025 * MIB))
                .isInstanceOf(ConfigException.class)
                .hasMessageContaining(
                        "kv-cache.memory: 1025MiB (expected: less than the machine, or the container, has:"
                                + " 1024MiB)");
    }
}
