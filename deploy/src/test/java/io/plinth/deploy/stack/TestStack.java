package io.plinth.deploy.stack;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.Callable;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/** A copy of the default file with free ports in place of its own, in a folder of its own. Owned by the test's thread. */
final class TestStack {
    private static final Pattern PORT = Pattern.compile("(?<=127\\.0\\.0\\.1:|port: )\\d{4,5}\\b");
    private static final int WEB_PORT = 9000;
    private static final Duration UP_PATIENCE = Duration.ofMinutes(5);

    private final Path folder;
    private final Path file;
    private final Map<Integer, Integer> ports = new TreeMap<>();

    private TestStack(Path folder) {
        this.folder = folder;
        this.file = folder.resolve("plinth.yaml");
    }

    static TestStack create() throws IOException {
        // PostgreSQL's account must be able to pass through when the test runs as root.
        TestStack stack = new TestStack(Files.createTempDirectory(
                "plinth-it", PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwxr-xr-x"))));
        Path deploy = Script.ROOT.resolve("deploy");
        Files.createDirectory(stack.folder.resolve("zones"));
        try (Stream<Path> zones = Files.list(deploy.resolve("zones"))) {
            for (Path zone : zones.toList()) {
                Files.copy(zone, stack.folder.resolve("zones").resolve(zone.getFileName()));
            }
        }
        String text = Files.readString(deploy.resolve("plinth.yaml"));
        stack.choosePorts(text);
        String own = stack.withOwnPorts(text).replace("[demo/bin/", "[" + deploy + "/demo/bin/");
        Files.writeString(stack.file, own);
        return stack;
    }

    Path file() {
        return file;
    }

    Path folder() {
        return folder;
    }

    /** What stands in this file in place of a port of the default file. */
    int port(int port) {
        Integer own = ports.get(port);
        assertThat(own).as("port %d of the default file", port).isNotNull();
        return own == null ? 0 : own;
    }

    /** Replaces the default file's ports in any text. */
    String withOwnPorts(String text) {
        Matcher matcher = Pattern.compile("(?<![\\d.])\\d{4,5}(?![\\d.])").matcher(text);
        return matcher.replaceAll(found -> {
            Integer own = ports.get(Integer.parseInt(found.group()));
            return own == null ? found.group() : Integer.toString(own);
        });
    }

    /** Starts it in the foreground of a process, and waits until that says it is ready. */
    Process upInForeground() throws Exception {
        Path said = folder.resolve("up.out");
        Process up = Script.start(said, "up", file.toString());
        await(UP_PATIENCE, () -> {
            String text = Files.exists(said) ? Files.readString(said) : "";
            assertThat(up.isAlive()).as(text).isTrue();
            return text.contains("ready in ");
        });
        return up;
    }

    String saidInForeground() throws IOException {
        return Files.readString(folder.resolve("up.out"));
    }

    /** Runs a command about this stack. */
    Script.Result run(String command, String... arguments) throws Exception {
        return Script.run(Map.of(), aboutThis(command, arguments));
    }

    /** As {@link #run}, in this JVM; for what starts nothing. */
    Script.Result ask(String command, String... arguments) {
        return Script.here(aboutThis(command, arguments));
    }

    private String[] aboutThis(String command, String... arguments) {
        List<String> all = new ArrayList<>(List.of(command));
        all.addAll(List.of(arguments));
        all.addAll(List.of("--file", file.toString()));
        return all.toArray(String[]::new);
    }

    /** Asks again and again until it holds. */
    static void await(Duration patience, Callable<Boolean> condition) throws Exception {
        long deadline = System.nanoTime() + patience.toNanos();
        while (!condition.call()) {
            assertThat(System.nanoTime()).as("in time").isLessThan(deadline);
            Thread.sleep(50);
        }
    }

    private void choosePorts(String text) throws IOException {
        Matcher matcher = PORT.matcher(text);
        while (matcher.find()) {
            ports.put(Integer.parseInt(matcher.group()), 0);
        }
        ports.put(WEB_PORT + 1, 0);
        ports.put(WEB_PORT + 2, 0);
        // In one block, below what the system hands out by itself, so that web's instances follow each other.
        int first = freeBlock(ports.size());
        int next = first;
        for (Map.Entry<Integer, Integer> port : ports.entrySet()) {
            port.setValue(next++);
        }
    }

    private static int freeBlock(int size) throws IOException {
        for (int attempt = 0; attempt < 100; attempt++) {
            int first = ThreadLocalRandom.current().nextInt(12_000, 30_000);
            if (isFree(first, size)) {
                return first;
            }
        }
        throw new IOException("no block of " + size + " free ports");
    }

    private static boolean isFree(int first, int size) {
        for (int port = first; port < first + size; port++) {
            try (ServerSocket socket = new ServerSocket()) {
                socket.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), port));
            } catch (IOException e) {
                return false;
            }
        }
        return true;
    }

    /** Stops whatever still runs and removes the folder. */
    void remove() throws Exception {
        run("down");
        try (Stream<Path> files = Files.walk(folder)) {
            for (Path path : files.sorted(Comparator.reverseOrder()).toList()) {
                Files.deleteIfExists(path);
            }
        }
    }

    /** Ends a process of the script as Ctrl-C does and waits for it. */
    static int interrupt(Process process) throws Exception {
        Script.runProgram(Map.of(), List.of("/bin/sh", "-c", "kill -INT " + process.pid()));
        assertThat(process.waitFor(60, TimeUnit.SECONDS)).isTrue();
        return process.exitValue();
    }
}
