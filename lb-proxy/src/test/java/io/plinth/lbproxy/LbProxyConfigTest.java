package io.plinth.lbproxy;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.plinth.kit.config.ConfigException;
import io.plinth.kit.config.StackFile;
import io.plinth.kit.config.StackFiles;
import io.plinth.lbproxy.config.PoolConfig;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class LbProxyConfigTest {
    @TempDir
    Path folder;

    private StackFile read(String text) throws Exception {
        Path file = folder.resolve("plinth.yaml");
        Files.writeString(file, text);
        return StackFiles.read(file, List.of(LbProxyMain.TYPE), Map.of(), Map.of());
    }

    @Test
    void aFullSectionIsRead() throws Exception {
        StackFile file = read("""
            stack: shop
            apps: { web: { command: [bin/web], instances: 3, port: 9000 } }
            nodes: { lb: { run: lb-proxy } }
            lb-proxy:
              listeners:
                public: { bind: 127.0.0.1:8080 }
                secure: { bind: 127.0.0.1:8443, tls: { cert: certs/a.pem, key: certs/a.key } }
              routes:
                static: { host: shop.example, path: /static/, pool: web }
                all: { pool: web, retry: { attempts: 3 } }
                old: { host: "*.old.example", path: =/x, pool: legacy, strip: true }
              pools:
                web: { app: web, balance: peak-ewma, health: { http: /healthz, interval: 2s } }
                legacy: { servers: { a: 127.0.0.1:1, b: { at: 127.0.0.1:2, weight: 3 } }, balance: round-robin }
              access-log: { format: json, file: "-" }
              forwarded: { trust: [10.0.0.0/8] }
            """);
        LbProxyConfig config =
                file.section(Objects.requireNonNull(file.stack().nodes().get("lb")), LbProxyConfig.class);
        assertThat(config.listeners()).containsOnlyKeys("public", "secure");
        assertThat(config.routes())
                .hasEntrySatisfying(
                        "all", route -> assertThat(route.retry().attempts()).isEqualTo(3));
        assertThat(config.routes())
                .hasEntrySatisfying(
                        "static", route -> assertThat(route.retry().attempts()).isEqualTo(2));
        assertThat(config.pools())
                .hasEntrySatisfying(
                        "legacy",
                        pool -> assertThat(pool.servers().values())
                                .extracting(PoolConfig.ServerConfig::weight)
                                .containsExactly(1, 3));
        assertThat(config.limits().headers()).isEqualTo(100);
        assertThat(file.instances("web")).hasSize(3);
    }

    @Test
    void everyMistakeIsReportedAtItsPlace() {
        assertThatThrownBy(() -> read("""
            stack: shop
            apps: { web: { command: [bin/web] } }
            nodes: { lb: { run: lb-proxy } }
            lb-proxy:
              listeners: { public: { bind: 127.0.0.1:8080 } }
              routes:
                a: { path: x, pool: web }
                b: { host: "a*", pool: wbe }
                c: { pool: web }
                d: { pool: web }
                e: { host: Shop.example, pool: web }
                f: { host: shop.example., pool: web }
                g: { host: caf\u00e9.example, pool: web }
                h: { path: ~/a/(.*), strip: true, pool: web }
              pools:
                web: { app: web }
                two: { app: wbe }
                none: { balance: peek-ewma }
              forwarded: { trust: [all] }
            """))
                .isInstanceOfSatisfying(
                        ConfigException.class,
                        e -> assertThat(e.getMessage())
                                .contains(":7:", "expected: /prefix, =/exact or ~pattern")
                                .contains(":8:", "wbe", "expected: a name, or *.name")
                                .contains(":10:", "same host, path and conditions as route `c`")
                                .contains(":12:", "same host, path and conditions as route `e`")
                                .contains(":13:", "caf\u00e9.example (expected: a name")
                                .contains(":14:", "a pattern is the whole path")
                                .contains(":16:", "has no port")
                                .contains(":17:")
                                .contains(":18:", "peak-ewma")
                                .contains(":19:", "expected: address/prefix"));
    }

    @Test
    void whatAReloadDoesNotChangeIsNamed() throws Exception {
        LbProxyConfig before = section("timeouts: { header: 1s }");
        assertThat(before.changedUntilRestart(section("timeouts: { header: 2s }")))
                .isEmpty();
        assertThat(before.changedUntilRestart(section("timeouts: { handshake: 2s }\n  access-log: { on: false }")))
                .containsExactly("access-log", "timeouts.handshake");
        LbProxyConfig traced = section("tracing: { endpoint: \"http://a/\", sample: 1 }");
        assertThat(before.changedUntilRestart(traced)).containsExactly("tracing");
        assertThat(traced.changedUntilRestart(before)).containsExactly("tracing");
        assertThat(traced.changedUntilRestart(section("tracing: { endpoint: \"http://a/\", sample: 2 }")))
                .isEmpty();
        assertThat(traced.changedUntilRestart(section("tracing: { endpoint: \"http://b/\", sample: 1 }")))
                .containsExactly("tracing");
    }

    private LbProxyConfig section(String keys) throws Exception {
        StackFile file = read("stack: shop\nnodes: { lb: { run: lb-proxy } }\nlb-proxy:\n  " + keys + "\n");
        return file.section(Objects.requireNonNull(file.stack().nodes().get("lb")), LbProxyConfig.class);
    }
}
