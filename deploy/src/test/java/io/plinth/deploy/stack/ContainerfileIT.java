package io.plinth.deploy.stack;

import static org.assertj.core.api.Assertions.assertThat;

import io.plinth.testkit.FreePort;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** What the container file copies, laid out as it says, and its entry point run on that; there is no image without a registry. */
@Timeout(300)
class ContainerfileIT {
    private static final Duration PATIENCE = Duration.ofMinutes(2);
    private static final String SCRIPT = "/opt/plinth/deploy/plinth";

    @TempDir
    private Path folder = Path.of("");

    private static List<String> lines(String instruction) throws Exception {
        List<String> found = new ArrayList<>();
        for (String line : Files.readAllLines(Script.ROOT.resolve("deploy/Containerfile"))) {
            if (line.startsWith(instruction + " ")) {
                found.add(line.substring(instruction.length() + 1));
            }
        }
        return found;
    }

    /** The folder is the image's root. */
    private void copy() throws Exception {
        for (String line : lines("COPY")) {
            List<String> words = List.of(line.split(" ", -1));
            String to = words.getLast();
            for (String from : words.subList(0, words.size() - 1)) {
                Path source = Script.ROOT.resolve("deploy").resolve(from);
                assertThat(source).exists();
                Path name = to.endsWith("/") ? Path.of(to.substring(1), from) : Path.of(to.substring(1));
                Path target = folder.resolve(name);
                Files.createDirectories(Objects.requireNonNull(target.getParent()));
                if (Files.isDirectory(source)) {
                    Files.createSymbolicLink(target, source);
                } else {
                    Files.copy(source, target, java.nio.file.StandardCopyOption.COPY_ATTRIBUTES);
                }
            }
        }
    }

    private ProcessBuilder builder(List<String> command) {
        ProcessBuilder builder = new ProcessBuilder(command)
                .redirectErrorStream(true)
                .redirectOutput(folder.resolve("out").toFile());
        builder.environment().put("PLINTH_BUILD", "never");
        builder.environment().put("PLINTH_JAVA_HOME", System.getProperty("java.home"));
        return builder;
    }

    private String inFolder(String text) {
        return text.replace("/opt/", folder + "/opt/")
                .replace("/etc/plinth/", folder + "/etc/plinth/")
                .replace("/var/lib/plinth", folder + "/var/lib/plinth");
    }

    @Test
    void theEntryPointRunsANodeOfTheFileWithWhatWasCopied() throws Exception {
        assertThat(lines("ENV")).singleElement().asString().contains("PLINTH_BUILD=never");
        copy();
        String prepared = lines("RUN").getFirst();
        assertThat(prepared).startsWith(SCRIPT);
        Process prepare = builder(List.of("/bin/sh", "-c", inFolder(prepared))).start();
        assertThat(prepare.waitFor(60, TimeUnit.SECONDS)).isTrue();
        assertThat(prepare.exitValue())
                .as(Files.readString(folder.resolve("out")))
                .isZero();

        int port = FreePort.find();
        int admin = FreePort.find();
        Files.createDirectories(folder.resolve("etc/plinth"));
        Files.writeString(folder.resolve("etc/plinth/plinth.yaml"), """
            stack: shop
            nodes:
              kv-1: { run: kv-cache, port: %d, admin: "127.0.0.1:%d" }
            """.formatted(port, admin));
        List<String> command = new ArrayList<>(Arrays.stream(lines("ENTRYPOINT")
                        .getFirst()
                        .replaceAll("^\\[\"|\"\\]$", "")
                        .split("\", \"", -1))
                .map(word -> inFolder(word.replace("\\\"", "\"")))
                .toList());
        command.add("kv-1");
        Process node = builder(command).start();
        try {
            TestStack.await(PATIENCE, () -> {
                assertThat(node.isAlive())
                        .as(Files.readString(folder.resolve("out")))
                        .isTrue();
                try (Socket client = new Socket(InetAddress.getLoopbackAddress(), port)) {
                    return client.isConnected();
                } catch (java.io.IOException e) {
                    return false;
                }
            });
            assertThat(folder.resolve("var/lib/plinth")).isNotEmptyDirectory();
            // Nobody but the file says where a node listens that `plinth up` has not started.
            Script.Result explained =
                    Script.here("explain", "key", "k", "--file=" + folder.resolve("etc/plinth/plinth.yaml"));
            assertThat(explained.exitCode()).as(explained.err()).isZero();
            assertThat(explained.out()).contains("slot");
            node.destroy();
            assertThat(node.waitFor(60, TimeUnit.SECONDS)).isTrue();
            // As systemd's units expect: by the signal, after it has finished.
            assertThat(node.exitValue())
                    .as(Files.readString(folder.resolve("out")))
                    .isIn(0, 143);
        } finally {
            node.destroyForcibly();
        }
    }
}
