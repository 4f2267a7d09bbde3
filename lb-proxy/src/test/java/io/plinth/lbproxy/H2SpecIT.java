package io.plinth.lbproxy;

import static org.assertj.core.api.Assertions.assertThat;

import io.plinth.testkit.LeakCheck;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

/** h2spec 2.2.0, whose binary comes inside a Maven plugin's jar, against a listener; every case passes. */
@ExtendWith(LeakCheck.class)
@Timeout(120)
@EnabledOnOs(value = OS.LINUX, architectures = "amd64")
class H2SpecIT {
    private static final String ARCHIVE = "/h2spec/2.2.0/h2spec_linux_amd64.tar.gz";
    private static final Pattern SUMMARY =
            Pattern.compile("(\\d+) tests, (\\d+) passed, (\\d+) skipped, (\\d+) failed");

    @TempDir
    Path folder;

    @Test
    void everyCasePasses() throws Exception {
        Path binary = unpack();
        // A response before the end of its request would end the stream with NO_ERROR (RFC 9113 8.1) whenever h2spec is
        // slow to send the frame that a case is about, which is then ignored as it has to be (5.1).
        try (Origin origin = Origin.serving(connection -> {
                    while (connection.readWhole() != null) {
                        connection.answer("200 OK", "h2spec looks at frames, not at this");
                    }
                });
                Proxy proxy = Proxy.of(folder, origin)) {
            Path report = folder.resolve("report.txt");
            Process process = new ProcessBuilder(List.of(
                            binary.toString(),
                            "-h",
                            "127.0.0.1",
                            "-p",
                            String.valueOf(proxy.address().getPort()),
                            "--strict",
                            "-o",
                            "5"))
                    .redirectErrorStream(true)
                    .redirectOutput(report.toFile())
                    .start();
            boolean ended = process.waitFor(100, TimeUnit.SECONDS);
            process.destroyForcibly();
            String text = Files.readString(report, StandardCharsets.UTF_8);
            assertThat(ended).as(text).isTrue();
            Matcher summary = SUMMARY.matcher(text);
            assertThat(summary.find()).as(text).isTrue();
            int cases = Integer.parseInt(summary.group(1));
            assertThat(summary.group()).as(text).isEqualTo(cases + " tests, " + cases + " passed, 0 skipped, 0 failed");
            assertThat(cases).isGreaterThanOrEqualTo(145);
        }
    }

    private Path unpack() throws IOException, InterruptedException {
        Path archive = folder.resolve("h2spec.tar.gz");
        try (InputStream in = Objects.requireNonNull(H2SpecIT.class.getResourceAsStream(ARCHIVE))) {
            Files.copy(in, archive);
        }
        Process tar = new ProcessBuilder("tar", "xzf", archive.toString(), "-C", folder.toString())
                .inheritIO()
                .start();
        assertThat(tar.waitFor(20, TimeUnit.SECONDS)).isTrue();
        return folder.resolve("h2spec");
    }
}
