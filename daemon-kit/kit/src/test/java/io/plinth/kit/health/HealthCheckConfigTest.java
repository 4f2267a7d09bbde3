package io.plinth.kit.health;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.plinth.kit.config.ConfigException;
import io.plinth.kit.config.Doc;
import io.plinth.kit.config.NodeConfig;
import io.plinth.kit.config.SectionType;
import io.plinth.kit.config.StackFile;
import io.plinth.kit.config.StackFiles;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class HealthCheckConfigTest {
    @TempDir
    Path folder = Path.of("");

    @Doc("A gate.")
    record GateConfig(@Doc("Checks.") Map<String, HealthCheckConfig> checks) {}

    record Gate(String kind, Class<? extends Record> config, int standardPort) implements SectionType {}

    private HealthCheckConfig read(String check) throws Exception {
        Path file = Files.writeString(
                folder.resolve("plinth.yaml"),
                "stack: test\ngate: { checks: { a: " + check + " } }\nnodes: { g: { run: gate } }\n");
        StackFile read = StackFiles.read(file, List.of(new Gate("gate", GateConfig.class, 0)), Map.of(), Map.of());
        NodeConfig node = read.stack().nodes().values().iterator().next();
        return read.section(node, GateConfig.class).checks().values().iterator().next();
    }

    @Test
    void aPathIsAllItTakes() throws Exception {
        assertThat(read("/healthz")).isEqualTo(HealthCheckConfig.http("/healthz"));
        assertThat(read("{ http: /healthz }")).isEqualTo(HealthCheckConfig.http("/healthz"));
    }

    @Test
    void nothingIsATcpConnect() throws Exception {
        assertThat(read("{}")).isEqualTo(HealthCheckConfig.tcp());
    }

    @Test
    void everyKeyCanBeSet() throws Exception {
        assertThat(read("{ http: /up, host: shop.example, tls: true, sni: web.example, port: 81, interval: 5s,"
                        + " timeout: 300ms, rise: 1, fall: 2, expect: 204 }"))
                .isEqualTo(new HealthCheckConfig(
                        "/up",
                        "shop.example",
                        true,
                        "web.example",
                        81,
                        Duration.ofSeconds(5),
                        Duration.ofMillis(300),
                        1,
                        2,
                        204));
    }

    @Test
    void aPathMustBeOne() {
        assertThatThrownBy(() -> read("healthz"))
                .isInstanceOf(ConfigException.class)
                .hasMessageContaining("http: healthz (expected: a path that begins with /)");
        assertThatThrownBy(() -> read("\"/a b\"")).hasMessageContaining("(expected: a path that begins with /)");
    }
}
