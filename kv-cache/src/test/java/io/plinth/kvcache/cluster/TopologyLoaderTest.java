package io.plinth.kvcache.cluster;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.plinth.kit.config.NodeConfig;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class TopologyLoaderTest {
    @TempDir
    Path folder = Path.of("");

    private static Map<String, NodeConfig> nodes(String... names) {
        Map<String, NodeConfig> nodes = new TreeMap<>();
        for (int i = 0; i < names.length; i++) {
            nodes.put(names[i], new NodeConfig("kv-cache", "local", "127.0.0.1", 7000 + i, null, null));
        }
        return nodes;
    }

    private Topology load(String self, String... names) throws IOException {
        Path own = Files.createDirectories(folder.resolve(self));
        return new TopologyLoader("shop/local/kv-cache", 6379).load(own, self, nodes(names));
    }

    @Test
    void everyNodePlansTheSameContiguousTable() throws IOException {
        Topology a = load("a", "a", "b", "c");
        Topology c = load("c", "a", "b", "c");

        for (int i = 0; i < 3; i++) {
            assertThat(a.ranges(i)).hasSize(1).isEqualTo(c.ranges(i));
            assertThat(a.members().get(i)).isEqualTo(c.members().get(i));
            assertThat(a.members().get(i).id()).matches("[0-9a-f]{40}");
        }
        assertThat(a.owner(0).name()).isEqualTo("a");
        assertThat(a.owner(16_383).name()).isEqualTo("c");
        assertThat(a.clustered()).isTrue();
    }

    @Test
    void findsTheStoredTableAgain() throws IOException {
        Topology first = load("a", "a", "b");
        Topology again = load("a", "a", "b");

        assertThat(again.epoch()).isEqualTo(1);
        assertThat(again.ranges(1)).isEqualTo(first.ranges(1));
        assertThat(load("alone", "alone").clustered()).isFalse();
    }

    @Test
    void refusesAnotherNodeListOverAStoredTableWithOneLine() throws IOException {
        load("a", "a", "b");

        assertThatThrownBy(() -> load("a", "a", "b", "c"))
                .isInstanceOf(IOException.class)
                .hasMessageStartingWith("kv-cache nodes: a, b, c (expected: a, b, as in ")
                .hasMessageContaining("to move,")
                .message()
                .doesNotContain("\n");
    }

    @Test
    void refusesADamagedTable() throws IOException {
        load("a", "a", "b");
        Path file = folder.resolve("a/slots");
        Files.writeString(file, Files.readString(file).replace("slots 0-8191 0", "slots 0-8191 1"));

        assertThatThrownBy(() -> load("a", "a", "b")).hasMessageContaining("its checksum does not fit");
        Files.writeString(file, "nonsense");
        assertThatThrownBy(() -> load("a", "a", "b")).hasMessageContaining("slot table");
    }

    @Test
    void keepsTheTableWhenOnlyAddressesChange() throws IOException {
        Topology before = load("a", "a", "b");
        TopologyLoader loader = new TopologyLoader("shop/local/kv-cache", 6379);

        assertThat(loader.moved(before, nodes("a", "b"))).isNotNull();
        assertThat(loader.moved(before, nodes("a", "c"))).isNull();
        assertThat(List.of(before.self().name())).containsExactly("a");
    }
}
