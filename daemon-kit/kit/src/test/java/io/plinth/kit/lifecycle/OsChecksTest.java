package io.plinth.kit.lifecycle;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class OsChecksTest {
    @TempDir
    Path proc = Path.of("");

    private void limits(String files, String somaxconn) throws IOException {
        Files.createDirectories(proc.resolve("self"));
        Files.createDirectories(proc.resolve("sys/net/core"));
        Files.writeString(
                proc.resolve("self/limits"),
                "Limit                     Soft Limit           Hard Limit           Units\n"
                        + "Max open files            " + files + "                 20000                files\n");
        Files.writeString(proc.resolve("sys/net/core/somaxconn"), somaxconn + "\n");
    }

    @Test
    void saysHowToRaiseALowLimit() throws Exception {
        limits("1024", "128");

        assertThat(new OsChecks(proc).warnings())
                .containsExactly(
                        "open files: 1024 (expected: at least 16384); run `ulimit -n 65536`, or set LimitNOFILE=65536"
                                + " in the systemd unit",
                        "net.core.somaxconn: 128 (expected: at least 1024); run `sysctl -w net.core.somaxconn=4096`");
    }

    @Test
    void isSilentWhereLimitsAreHighOrUnknown() throws Exception {
        assertThat(new OsChecks(proc).warnings()).isEmpty();

        limits("unlimited", "4096");
        assertThat(new OsChecks(proc).warnings()).isEmpty();
    }
}
