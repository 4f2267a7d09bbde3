package io.plinth.deploy.stack;

import static org.assertj.core.api.Assertions.assertThat;

import io.plinth.testkit.Peer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The units of a file, read as systemd reads them, and by systemd itself where it is installed. */
class SystemdIT {
    @TempDir
    private Path folder = Path.of("");

    private Path stack(String ports) throws Exception {
        return Files.writeString(
                Files.createDirectory(folder.resolve("100 % a")).resolve("plinth.yaml"), """
                    stack: shop
                    state: state
                    lb-proxy:
                      listeners: { http: { bind: 127.0.0.1:%s } }
                      routes: { all: { path: /, pool: web } }
                      pools: { web: { servers: { a: 127.0.0.1:9000 } } }
                    kv-cache: { memory: 64MiB }
                    apps:
                      web:
                        command: [bin/web, "--for=$a 100%% \\"b\\""]
                        instances: 2
                        port: 9000
                        env: { SALE: "$5 or 100%%" }
                        patience: 7s
                    nodes:
                      lb-1: { run: lb-proxy }
                      kv-1: { run: kv-cache, port: 6379 }
                    """.formatted(ports));
    }

    private Map<String, String> service(Path units, String name) throws Exception {
        Map<String, String> keys = new HashMap<>();
        for (String line : Files.readAllLines(units.resolve("plinth-shop-" + name + ".service"))) {
            if (!line.isEmpty() && !line.startsWith("[")) {
                String[] parts = line.split("=", 2);
                assertThat(keys.put(parts[0], parts[1]))
                        .as(line)
                        .satisfiesAnyOf(
                                before -> assertThat(before).isNull(),
                                before -> assertThat(parts[0]).isEqualTo("Environment"));
            }
        }
        return keys;
    }

    @Test
    void everyDaemonIsAServiceThatSystemdUnderstands() throws Exception {
        Path file = stack("80");
        Path units = folder.resolve("units");
        String user = System.getProperty("user.name");
        Script.Result written = Script.here("systemd", "--into=" + units, "--user=" + user, "--file=" + file);
        assertThat(written.exitCode()).as(written.err()).isZero();
        try (Stream<Path> all = Files.list(units)) {
            assertThat(all.map(unit -> unit.getFileName().toString()))
                    .containsExactlyInAnyOrder(
                            "plinth-shop.target",
                            "plinth-shop-lb-1.service",
                            "plinth-shop-kv-1.service",
                            "plinth-shop-web-1.service",
                            "plinth-shop-web-2.service");
        }
        Map<String, String> lb = service(units, "lb-1");
        String folderOfFile = String.valueOf(file.getParent()).replace("%", "%%");
        assertThat(lb)
                .containsEntry("Type", "notify")
                .containsEntry("User", user)
                .containsEntry("Restart", "on-failure")
                .containsEntry("WantedBy", "plinth-shop.target")
                .containsEntry("AmbientCapabilities", "CAP_NET_BIND_SERVICE")
                .containsEntry("WorkingDirectory", folderOfFile)
                .containsEntry(
                        "ExecStart",
                        "\"" + Script.ROOT.resolve("deploy/plinth") + "\" run \"lb-1\" --file \"" + folderOfFile
                                + "/plinth.yaml\" --state \"" + folderOfFile + "/state\"");
        assertThat(service(units, "kv-1")).containsEntry("AmbientCapabilities", "");

        Path program = Files.createDirectories(file.resolveSibling("bin")).resolve("web");
        Files.createFile(program, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwxr-xr-x")));
        assertThat(service(units, "web-2"))
                .containsEntry("Type", "exec")
                .containsEntry("User", user)
                .containsEntry("ExecStart", "\"" + folderOfFile + "/bin/web\" \"--for=$$a 100%% \\\"b\\\"\"")
                .containsEntry("KillSignal", "SIGTERM")
                .containsEntry("TimeoutStopSec", "7");
        assertThat(Files.readAllLines(units.resolve("plinth-shop-web-2.service")))
                .contains(
                        "Environment=\"PORT=9001\"",
                        "Environment=\"INSTANCE=web-2\"",
                        "Environment=\"SALE=$5 or 100%%\"");

        Optional<Path> systemd = Peer.find("systemd-analyze");
        if (systemd.isPresent()) {
            List<String> verify = new ArrayList<>(List.of(systemd.get().toString(), "verify"));
            try (Stream<Path> all = Files.list(units)) {
                all.map(Path::toString).sorted().forEach(verify::add);
            }
            Script.Result verified = Script.runProgram(Map.of(), verify);
            assertThat(verified.exitCode()).as(verified.err()).isZero();
            assertThat(verified.out() + verified.err()).doesNotContain("plinth-shop");
        }
    }

    @Test
    void withoutAFolderTheyArePrinted() throws Exception {
        Script.Result printed = Script.here("systemd", "--file=" + stack("8080"));
        assertThat(printed.exitCode()).as(printed.err()).isZero();
        assertThat(printed.out())
                .contains("# plinth-shop.target", "# plinth-shop-kv-1.service", "User=plinth")
                .doesNotContain("CAP_NET_BIND_SERVICE");
    }
}
