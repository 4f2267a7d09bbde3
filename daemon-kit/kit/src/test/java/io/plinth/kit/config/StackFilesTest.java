package io.plinth.kit.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class StackFilesTest {
    private static final List<SectionType> KINDS =
            List.of(new Kind("gate", GateConfig.class, 0), new Kind("store", StoreConfig.class, 7000));

    @TempDir
    Path folder = Path.of("");

    record Kind(String kind, Class<? extends Record> config, int standardPort) implements SectionType {}

    enum Balance {
        ROUND_ROBIN,
        PEAK_EWMA
    }

    @Doc("A server.")
    @Shorthand("at")
    record Server(
            @Doc("Where.") HostPort at,

            @Doc("Share.") @Default("1") @Range(min = "1", max = "100")
            int weight) {}

    @Doc("A pool.")
    record Pool(
            @Doc("Servers.") Map<String, Server> servers,
            @Doc("How.") @Default("peak-ewma") Balance balance,

            @Doc("How often.") @Default("2s") @Range(min = "100ms")
            Duration interval) {}

    @Doc("A route.")
    record Route(@Doc("To.") String pool) {}

    @Doc("The gate.")
    @Retired("timeout: use `pools.NAME.interval`")
    record GateConfig(
            @Doc("Routes.") Map<String, Route> routes,
            @Doc("Pools.") Map<String, Pool> pools,
            @Doc("Largest head.") @Default("16KiB") DataSize headMax)
            implements Checked {
        @Override
        public void check(Check check) {
            routes.forEach(
                    (name, route) -> check.reference("routes." + name + ".pool", "pool", route.pool(), pools.keySet()));
        }
    }

    @Doc("The store.")
    record StoreConfig(
            @Doc("Memory.") DataSize memory,
            @Doc("Password.") @Nullable Secret password) {}

    private Path write(String text) throws IOException {
        return Files.writeString(folder.resolve("plinth.yaml"), text);
    }

    private StackFile read(String text) throws Exception {
        return StackFiles.read(write(text), KINDS, Map.of(), Map.of());
    }

    private List<Problem> problems(String text) throws Exception {
        Path file = write(text);
        ConfigException thrown = catchThrowableOfType(
                ConfigException.class, () -> StackFiles.read(file, KINDS, Map.of("KNOWN", "s3cret"), Map.of()));
        assertThat(thrown).isNotNull();
        return thrown.problems();
    }

    private static final String WHOLE = """
        stack: shop
        regions:
          eu: { serves: [EU, AF] }
          us: { serves: [NA], gate: { pools: { web: { balance: round-robin } } } }
        gate:
          routes: { all: { pool: web } }
          pools:
            web: { servers: { a: 10.0.0.1:80, b: { at: "[::1]:80", weight: 5 } }, interval: 500ms }
        store: { memory: 2GiB }
        apps:
          web: { command: [bin/web], instances: 3, port: 9000, env: { DB: "jdbc://u:pw@h/x?password=pw&a=b" } }
        nodes:
          gate-eu: { run: gate, region: eu }
          gate-us: { run: gate, region: us, admin: 127.0.0.1:9999 }
          store-2: { run: store, region: eu, port: 7001 }
          store-1: { run: store, region: eu }
        """;

    @Test
    void bindsSectionsWithUnitsDefaultsAndShorthands() throws Exception {
        StackFile file = read(WHOLE);
        GateConfig gate = file.section(node(file, "gate-eu"), GateConfig.class);
        Pool web = pool(gate);
        assertThat(web.servers())
                .containsEntry("a", new Server(new HostPort("10.0.0.1", 80), 1))
                .containsEntry("b", new Server(new HostPort("::1", 80), 5));
        assertThat(web.balance()).isEqualTo(Balance.PEAK_EWMA);
        assertThat(web.interval()).isEqualTo(Duration.ofMillis(500));
        assertThat(gate.headMax()).isEqualTo(new DataSize(16_384));
        assertThat(file.section(node(file, "store-1"), StoreConfig.class).memory())
                .isEqualTo(new DataSize(2L << 30));
    }

    @Test
    void regionOverridesOnlyTheKeysItNames() throws Exception {
        StackFile file = read(WHOLE);
        Pool web = pool(file.section(node(file, "gate-us"), GateConfig.class));
        assertThat(web.balance()).isEqualTo(Balance.ROUND_ROBIN);
        assertThat(web.servers()).containsOnlyKeys("a", "b");
    }

    @Test
    void derivesClusterPortsAndInstancesFromNames() throws Exception {
        StackFile file = read(WHOLE);
        NodeConfig store = node(file, "store-1");
        assertThat(file.cluster(store).keySet()).containsExactly("store-1", "store-2");
        assertThat(file.port(store)).isEqualTo(7000);
        assertThat(file.port(node(file, "store-2"))).isEqualTo(7001);
        assertThat(file.admin("gate-eu")).isEqualTo(new HostPort("127.0.0.1", 9900));
        assertThat(file.admin("gate-us")).isEqualTo(new HostPort("127.0.0.1", 9999));
        assertThat(file.admin("store-2")).isEqualTo(new HostPort("127.0.0.1", 9903));
        assertThat(file.instances("web")).containsEntry("web-3", new HostPort("127.0.0.1", 9002));
        assertThat(file.state()).isEqualTo(folder.toAbsolutePath().resolve(".plinth"));
    }

    @Test
    void reportsEveryMistakeAtItsPositionWithTheNearestSpelling() throws Exception {
        assertThat(problems("""
            stack: shop
            gate:
              routs: { all: { pool: web } }
              routes: { all: { pool: wbe } }
              timeout: 3s
              pools: { web: { balance: peak-ewa, interval: 2, servers: { a: nowhere } } }
            store: { memory: 2GB, memory: 64 }
            nodes:
              g: { run: gaet }
              s: { run: store, region: mars, port: 70000 }
            """).stream().map(p -> p.line() + ":" + p.column() + " " + p.message()))
                .containsExactly(
                        "3:3 unknown key `routs`; did you mean `routes`?",
                        "4:26 no pool `wbe`; did you mean `web`?",
                        "5:3 key `timeout` is retired: use `pools.NAME.interval`",
                        "6:28 peak-ewa; did you mean `peak-ewma`?",
                        "6:48 2 (expected: a whole number and ms, s, m, h or d, such as 2s)",
                        "6:65 address: nowhere (expected: host:port)",
                        "7:23 `memory` stands here twice (first in line 7); remove one",
                        "9:13 no daemon `gaet`; did you mean `gate`?",
                        "10:28 no region `mars` (expected one of: local)",
                        "10:40 port 70000 (expected: 0 to 65535)");
    }

    @Test
    void reportsDanglingReferencesOfASectionThatBindsBesideOneThatDoesNot() throws Exception {
        assertThat(problems("""
            stack: shop
            gate:
              routes: { all: { pool: wbe } }
              pools: { web: { servers: { a: 10.0.0.1:80 } } }
            store: { memory: big }
            nodes: { g: { run: gate }, s: { run: store } }
            """))
                .extracting(Problem::message)
                .containsExactly(
                        "no pool `wbe`; did you mean `web`?",
                        "size: big (expected: a whole number and B, KiB, MiB or GiB)");
    }

    @Test
    void aNameThatIsAKeyItselfIsCheckedAsAReferenceToo() throws Exception {
        assertThat(problems("""
            stack: shop
            gate:
              routes: { mars: { pool: mars } }
            nodes: { g: { run: gate } }
            """)).extracting(Problem::message).containsExactly("no pool `mars`");
    }

    @Test
    void reportsMissingKeysAndRangesAndDoubleAddresses() throws Exception {
        assertThat(problems("""
            gate: { pools: { web: { servers: { a: { at: 10.0.0.1:80, weight: 101 } } } } }
            nodes:
              g: { run: gate, port: 80 }
              s: { run: store }
              t: { run: store }
            """))
                .extracting(Problem::toString)
                .allSatisfy(line -> assertThat(line).startsWith(folder.resolve("plinth.yaml") + ":"))
                .anyMatch(line -> line.endsWith("missing key `stack` (expected: text)"))
                .anyMatch(line -> line.endsWith(":1:66: `weight`: 101 (expected: 1 to 100)"))
                .anyMatch(line -> line.endsWith(":4:13: missing key `memory` (expected: size (`64MiB`))"));
        assertThat(problems("""
            stack: shop
            store: { memory: 1MiB }
            gate: {}
            nodes:
              g: { run: gate, port: 80 }
              s: { run: store }
              t: { run: store }
            """))
                .extracting(Problem::message)
                .containsExactly(
                        "a gate has its listeners in its own section; remove `port`",
                        "127.0.0.1:7000 is used by s already; choose another port");
    }

    @Test
    void brokenYamlIsOneLineWithItsPosition() throws Exception {
        List<Problem> problems = problems("stack: [shop\nnodes: {}\n");
        assertThat(problems).hasSize(1);
        assertThat(problems.getFirst().message()).startsWith("not YAML: ").doesNotContain("\n");
        assertThat(problems("").getFirst().message()).startsWith("the file is empty");
        assertThatThrownBy(() -> StackFiles.read(folder.resolve("none.yaml"), KINDS, Map.of(), Map.of()))
                .isInstanceOf(ConfigException.class)
                .hasMessageContaining("no such file");
    }

    @Test
    void selfContainingAndExplodingAliasesAreRefused() throws Exception {
        assertThat(problems("stack: &a [*a]\n")).isNotEmpty();
        StringBuilder bomb = new StringBuilder("stack: x\na0: &a0 [x, x, x, x, x, x, x, x, x, x]\n");
        for (int i = 1; i < 9; i++) {
            String alias = "*a" + (i - 1);
            bomb.append("a" + i + ": &a" + i + " [" + (alias + ", ").repeat(9) + alias + "]\n");
        }
        assertThat(problems(bomb.toString())).isNotEmpty();
    }

    @Test
    void commandLineIsOverEnvironmentIsOverFile() throws Exception {
        Path file = write(WHOLE);
        StackFile read = StackFiles.read(
                file,
                KINDS,
                Map.of("PLINTH__STORE__MEMORY", "3GiB", "PLINTH__GATE__HEAD_MAX", "1KiB"),
                Map.of("store.memory", "4GiB"));
        assertThat(read.section(node(read, "store-1"), StoreConfig.class).memory())
                .isEqualTo(new DataSize(4L << 30));
        assertThat(read.section(node(read, "gate-eu"), GateConfig.class).headMax())
                .isEqualTo(new DataSize(1024));
    }

    @Test
    void secretsComeFromFilesOrEnvironmentAndAreNeverShown() throws Exception {
        Files.writeString(folder.resolve("pw"), "hunter2\n");
        StackFile file =
                read(WHOLE.replace("store: { memory: 2GiB }", "store: { memory: 2GiB, password: { file: pw } }"));
        Secret password = file.section(node(file, "store-1"), StoreConfig.class).password();
        assertThat(password).isNotNull();
        assertThat(password.reveal()).isEqualTo("hunter2");
        assertThat(file.masked())
                .contains("password: '***'")
                .contains("head-max: 16KiB")
                .contains("jdbc://u:***@h/x?password=***&a=b")
                .doesNotContain("hunter2");
        assertThat(problems(WHOLE.replace("memory: 2GiB", "memory: 2GiB, password: hunter2")))
                .extracting(Problem::message)
                .containsExactly("a secret does not stand in the file (expected: {file: PATH} or {env: NAME})");
        assertThat(problems(WHOLE.replace("memory: 2GiB", "memory: 2GiB, password: { env: NO_SUCH }")))
                .extracting(Problem::message)
                .containsExactly("environment variable NO_SUCH is not set");
    }

    private static NodeConfig node(StackFile file, String name) {
        NodeConfig node = file.stack().nodes().get(name);
        assertThat(node).isNotNull();
        return node;
    }

    private static Pool pool(GateConfig gate) {
        Pool web = gate.pools().get("web");
        assertThat(web).isNotNull();
        return web;
    }
}
