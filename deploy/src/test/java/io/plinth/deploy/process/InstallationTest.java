package io.plinth.deploy.process;

import static org.assertj.core.api.Assertions.assertThat;

import io.plinth.kit.config.DataSize;
import io.plinth.kit.lifecycle.JvmSizing;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;

class InstallationTest {
    private final Installation installation = new Installation(
            Path.of("/opt/plinth"),
            "/opt/jdk/bin/java",
            "plinth.jar",
            Path.of("/opt/plinth/plinth.aot"),
            List.of("-XX:+UseSerialGC", "--add-opens=java.base/java.lang=ALL-UNNAMED"));

    @Test
    void collectorAndHeapAreNamed() {
        assertThat(installation.jvmOptions(sizing()))
                .contains("-XX:+UseSerialGC", "-Xmx65536k", "-XX:MaxDirectMemorySize=32768k");
    }

    @Test
    void anOptionThatEveryJvmHasIsNotRepeatedInWhicheverFormItIsWritten() {
        assertThat(installation.jvmOptions(sizing("--add-opens", "java.base/java.lang=ALL-UNNAMED", "-Da=b")))
                .filteredOn(option -> option.startsWith("--add-opens"))
                .hasSize(1);
    }

    @Test
    void aDaemonsOwnCollectorReplacesTheCommonOne() {
        assertThat(installation.jvmOptions(sizing("-XX:+UseParallelGC")))
                .contains("-XX:+UseParallelGC")
                .doesNotContain("-XX:+UseSerialGC");
    }

    @Test
    void aCommandPassesItsInstallationOn() {
        assertThat(installation.command(sizing(), List.of("run", "kv-1")))
                .startsWith("/opt/jdk/bin/java")
                .contains("-Dplinth.home=/opt/plinth", "-XX:AOTCache=/opt/plinth/plinth.aot")
                .endsWith("-cp", "plinth.jar", "io.plinth.deploy.Plinth", "run", "kv-1");
        assertThat(installation.javaHome()).isEqualTo("/opt/jdk");
    }

    private static JvmSizing sizing(String... options) {
        return new JvmSizing(new DataSize(64 << 20), new DataSize(32 << 20), List.of(options));
    }
}
