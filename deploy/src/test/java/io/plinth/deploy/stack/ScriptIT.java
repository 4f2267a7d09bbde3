package io.plinth.deploy.stack;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What the script says when something is wrong. */
class ScriptIT {
    @TempDir
    private Path folder = Path.of("");

    @Test
    void fiveDifferentMistakesAreFiveLinesWithPositions() throws Exception {
        Path file = folder.resolve("broken.yaml");
        Files.writeString(file, """
            stack: shop
            lb-proxy:
              listeners: { http: { bind: 127.0.0.1:8080 } }
              routes: { all: { path: /, pool: wep } }
              pools: { web: { servers: { a: 127.0.0.1:9000 }, helth: { http: / } } }
            kv-cache: { memory: 64 }
            nodes:
              lb-1: { run: lb-proxi }
              kv-1: { run: kv-cache, port: 99999 }
            """);
        Script.Result check = Script.run(Map.of(), "check", file.toString());
        assertThat(check.exitCode()).isEqualTo(2);
        assertThat(check.out()).isEmpty();
        assertThat(check.err().lines())
                .hasSize(5)
                .allMatch(line -> line.matches(".*broken\\.yaml:\\d+:\\d+: .+"))
                .anyMatch(line -> line.contains(":4:") && line.contains("`web`"))
                .anyMatch(line -> line.contains(":5:") && line.contains("health"))
                .anyMatch(line -> line.contains(":6:") && line.contains("64"))
                .anyMatch(line -> line.contains(":8:") && line.contains("lb-proxy"))
                .anyMatch(line -> line.contains(":9:") && line.contains("99999"));
        Script.Result up = Script.run(Map.of(), "up", file.toString());
        assertThat(up.exitCode()).isEqualTo(2);
        assertThat(up.err().lines().filter(line -> !line.startsWith("plinth: ")))
                .containsExactlyElementsOf(check.err().lines().toList());
    }

    @Test
    void theDefaultFileIsFine() throws Exception {
        Script.Result check = Script.run(Map.of(), "check");
        assertThat(check.err()).isEmpty();
        assertThat(check.exitCode()).isZero();
        assertThat(check.out()).contains("3 kv-cache", "3 web", "1 mq-broker", "2 worker");
    }

    @Test
    void withoutAJdkOneLineSaysWhatToInstall() throws Exception {
        Script.Result result = Script.run(
                Map.of(
                        "PLINTH_JDK_DIRS",
                        folder.toString(),
                        "PLINTH_JAVA_HOME",
                        "",
                        "JAVA_HOME",
                        "",
                        "PATH",
                        pathWithoutJava()),
                "up");
        assertThat(result.exitCode()).isEqualTo(1);
        assertThat(result.err().lines())
                .hasSize(1)
                .first()
                .asString()
                .contains("no JDK 25", "install", "PLINTH_JAVA_HOME");
    }

    @Test
    void theReferenceCoversEveryDaemon() throws Exception {
        assertThat(Script.run(Map.of(), "config-reference").out())
                .contains("## geo-dns", "## lb-proxy", "## kv-cache", "## mq-broker", "## db-proxy");
    }

    /** What the script itself needs, and no java. */
    private String pathWithoutJava() throws Exception {
        for (String tool : List.of("bash", "dirname", "readlink", "grep", "env")) {
            for (String bin : List.of("/usr/bin", "/bin")) {
                Path program = Path.of(bin, tool);
                Path link = folder.resolve(tool);
                if (Files.isExecutable(program) && !Files.exists(link)) {
                    Files.createSymbolicLink(link, program.toRealPath());
                }
            }
        }
        return folder.toString();
    }
}
