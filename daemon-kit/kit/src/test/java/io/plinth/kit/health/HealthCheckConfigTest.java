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
                        + " timeout: 300ms, rise: 1, fall: 2, expect: 204, body: ready }"))
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
                        "204",
                        "ready",
                        null,
                        List.of(),
                        null));
    }

    @Test
    void everyKindOfProbeHasItsKey() throws Exception {
        assertThat(read("{ grpc: shop.v1.Carts }").grpc()).isEqualTo("shop.v1.Carts");
        assertThat(read("{ grpc: \"\" }").grpc()).isEmpty();
        assertThat(read("{ command: [bin/check, \"{address}\"] }").command()).containsExactly("bin/check", "{address}");
        assertThat(read("{ file: states }").file()).isEqualTo("states");
        assertThatThrownBy(() -> read("{ http: /, grpc: \"\" }"))
                .hasMessageContaining("health: 2 kinds of probe (expected: one of http, grpc, command, file)");
        assertThatThrownBy(() -> read("{ body: ready }")).hasMessageContaining("(expected: `http` beside it)");
    }

    @Test
    void pathsOfFilesStartAtAFolder() throws Exception {
        HealthCheckConfig check = read("{ command: [bin/check, bin/other] }").in(Path.of("/etc/shop"));
        assertThat(check.command()).containsExactly("/etc/shop/bin/check", "bin/other");
        assertThat(read("{ command: [check] }").in(Path.of("/etc/shop")).command())
                .containsExactly("check");
        assertThat(read("{ file: states }").in(Path.of("/etc/shop")).file()).isEqualTo("/etc/shop/states");
    }

    @Test
    void severalStatusesMayBeExpected() throws Exception {
        HealthCheckConfig check = read("{ http: /, expect: \"204, 300-399\" }");
        assertThat(check.expects(204)).isTrue();
        assertThat(check.expects(399)).isTrue();
        assertThat(check.expects(200)).isFalse();
        assertThatThrownBy(() -> read("{ http: /, expect: ok }"))
                .hasMessageContaining("expect: ok (expected: statuses of 100 to 599");
        assertThatThrownBy(() -> read("{ http: /, expect: 300-200 }")).hasMessageContaining("(expected: statuses");
    }

    @Test
    void aPathMustBeOne() {
        assertThatThrownBy(() -> read("healthz"))
                .isInstanceOf(ConfigException.class)
                .hasMessageContaining("http: healthz (expected: a path that begins with /)");
        assertThatThrownBy(() -> read("\"/a b\"")).hasMessageContaining("(expected: a path that begins with /)");
    }
}
