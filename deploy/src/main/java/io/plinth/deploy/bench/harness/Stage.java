package io.plinth.deploy.bench.harness;

import io.plinth.deploy.DeployException;
import io.plinth.deploy.process.Installation;
import io.plinth.deploy.process.Procfs;
import io.plinth.deploy.process.Spawner;
import io.plinth.kit.config.ConfigException;
import io.plinth.kit.config.NodeConfig;
import io.plinth.kit.config.StackFile;
import io.plinth.kit.config.StackFiles;
import io.plinth.kit.lifecycle.DaemonType;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * Owned by the command; its processes and its end are guarded by itself. Where a bench takes place: a temporary folder, the cores, the processes started so far. Closing it
 * ends them all and removes the folder.
 */
public final class Stage implements AutoCloseable {
    private static final Duration UNTIL_READY = Duration.ofMinutes(3);
    private static final long POLL_MILLIS = 50;
    private static final int LOG_LINES = 12;
    private static final String RESULT = "RESULT ";

    private final Installation installation;
    private final Programs programs;
    private final List<DaemonType> daemons;
    private final Cores cores;
    private final Path folder;
    private final Spawner spawner = new Spawner();
    private final Deque<Process> processes = new ArrayDeque<>();
    private boolean closed;
    private final HttpClient http =
            HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();

    private Stage(Installation installation, Programs programs, List<DaemonType> daemons, Cores cores, Path folder) {
        this.daemons = daemons;
        this.installation = installation;
        this.programs = programs;
        this.cores = cores;
        this.folder = folder;
    }

    public static Stage open(Installation installation, Programs programs, List<DaemonType> daemons)
            throws IOException {
        Path folder = Files.createTempDirectory("plinth-bench");
        // Peers that run as a user of their own write their files below it.
        if (!folder.toFile().setExecutable(true, false)) {
            throw new IOException(folder + " (expected: may be entered by others)");
        }
        int count = Runtime.getRuntime().availableProcessors();
        return new Stage(
                installation,
                programs,
                daemons,
                Cores.of(count, programs.find("taskset").isPresent()),
                folder);
    }

    public Cores cores() {
        return cores;
    }

    public Installation installation() {
        return installation;
    }

    public Path folder() {
        return folder;
    }

    /** A file below {@code deploy/bench}. */
    public Path shipped(String name) {
        return installation.home().resolve("bench").resolve(name);
    }

    public Optional<String> program(String name) {
        return programs.find(name);
    }

    /** An address on loopback that nobody listens on now. */
    public InetSocketAddress free() throws IOException {
        try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.ofLiteral("127.0.0.1"))) {
            return (InetSocketAddress) socket.getLocalSocketAddress();
        }
    }

    /** A shipped configuration with each {@code @NAME@} replaced, written into the folder. */
    public Path fill(String name, Map<String, String> values) throws IOException {
        String text = Files.readString(shipped(name));
        for (Map.Entry<String, String> value : values.entrySet()) {
            text = text.replace("@" + value.getKey() + "@", value.getValue());
        }
        return Files.writeString(folder.resolve(Path.of(name).getFileName()), text);
    }

    /** Starts a process on these cores; its output goes to a log of that name. */
    public Process start(String name, List<Integer> on, List<String> command) throws IOException {
        return kept(spawner.start(cores.pin(on, command), folder, Map.of(), log(name)));
    }

    /** Starts a peer on the server's cores, listening on {@code address}. */
    public Bench.Contender peer(String name, InetSocketAddress address, List<String> command) throws IOException {
        return new Bench.Contender(name, false, address, start(name, cores.server(), command));
    }

    /**
     * Runs a generator of load to its end; it prints a line {@code RESULT MICROSECONDS REQUESTS P50 P99 KIND=COUNT...}, where a
     * count is of errors of that kind.
     */
    public Bench.Outcome load(String what, List<String> command)
            throws IOException, DeployException, InterruptedException {
        Process generator = call(cores.load(), command);
        try {
            String output = new String(generator.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
            generator.waitFor();
            return output.lines()
                    .filter(line -> line.startsWith(RESULT))
                    .map(line -> outcome(line.substring(RESULT.length())))
                    .findFirst()
                    .orElseThrow(() -> new DeployException(what + " (expected: a result):\n" + output));
        } finally {
            generator.destroyForcibly();
        }
    }

    private static Bench.Outcome outcome(String result) {
        String[] fields = result.strip().split(" ", -1);
        String errors = Arrays.stream(fields, 4, fields.length)
                .filter(kind -> !kind.endsWith("=0"))
                .collect(Collectors.joining(" "));
        return new Bench.Outcome(
                Duration.ofNanos(Long.parseLong(fields[0]) * 1000),
                Long.parseLong(fields[1]),
                Double.parseDouble(fields[2]),
                Double.parseDouble(fields[3]),
                errors);
    }

    /** Starts a process that ends by itself, and whose output the caller reads. */
    public Process call(List<Integer> on, List<String> command) throws IOException {
        return kept(new ProcessBuilder(cores.pin(on, command))
                .redirectErrorStream(true)
                .start());
    }

    /** What is started while the stage closes, as Ctrl-C closes it from another thread, ends at once. */
    private synchronized Process kept(Process process) {
        processes.removeIf(ended -> !ended.isAlive());
        processes.push(process);
        if (closed) {
            process.destroyForcibly();
        }
        return process;
    }

    /** Waits until a process answers with 200; returns the answer's body. */
    public byte[] ready(String name, Process process, URI page)
            throws IOException, DeployException, InterruptedException {
        long deadline = System.nanoTime() + UNTIL_READY.toNanos();
        HttpRequest request =
                HttpRequest.newBuilder(page).timeout(Duration.ofSeconds(5)).build();
        while (System.nanoTime() < deadline && process.isAlive()) {
            try {
                HttpResponse<byte[]> answer = http.send(request, HttpResponse.BodyHandlers.ofByteArray());
                if (answer.statusCode() == 200) {
                    return answer.body();
                }
            } catch (IOException e) {
                // Not listening yet; the deadline decides.
            }
            Thread.sleep(POLL_MILLIS);
        }
        throw new DeployException(name + ": " + (process.isAlive() ? "not ready" : "ended") + " (expected: 200 from "
                + page + "); its log ends:\n" + String.join("\n", tail(name)));
    }

    /** Waits until a process takes TCP connections. */
    public void listening(String name, Process process, InetSocketAddress address)
            throws IOException, DeployException, InterruptedException {
        long deadline = System.nanoTime() + UNTIL_READY.toNanos();
        while (System.nanoTime() < deadline && process.isAlive()) {
            try (Socket socket = new Socket()) {
                socket.connect(address, 1000);
                return;
            } catch (IOException e) {
                // Not listening yet; the deadline decides.
            }
            Thread.sleep(POLL_MILLIS);
        }
        throw new DeployException(name + ": " + (process.isAlive() ? "not ready" : "ended") + " (expected: listens on "
                + address + "); its log ends:\n" + String.join("\n", tail(name)));
    }

    /**
     * Starts the daemon itself on the server's cores, as the launcher starts a node, from {@code KIND/plinth.yaml}.
     *
     * @param node its name in that file
     * @param values what that file wants filled in beside PORT, ADMIN, LOOPS (the server's cores) and FOLDER
     */
    public Bench.Contender ours(String kind, String node, Map<String, String> values)
            throws IOException, DeployException {
        return ours(kind, kind, node, values, List.of());
    }

    /** As above, as one of several that differ, on the server's cores. */
    public Bench.Contender ours(String name, String kind, String node, Map<String, String> values, List<String> options)
            throws IOException, DeployException {
        return ours(name, kind, node, values, options, cores.server());
    }

    /**
     * As above, on cores of its own choice.
     *
     * @param name the kind, or the kind, a hyphen and in what it differs
     * @param options further ones of its JVM
     * @param on the cores, a loop for each
     */
    public Bench.Contender ours(
            String name, String kind, String node, Map<String, String> values, List<String> options, List<Integer> on)
            throws IOException, DeployException {
        DaemonType type = daemons.stream()
                .filter(each -> each.kind().equals(kind))
                .findFirst()
                .orElseThrow(() -> new DeployException("no daemon " + kind));
        InetSocketAddress address = free();
        Map<String, String> all = new HashMap<>(values);
        all.put("PORT", String.valueOf(address.getPort()));
        all.putIfAbsent("ADMIN", String.valueOf(free().getPort()));
        all.put("LOOPS", String.valueOf(on.size()));
        Path own = Files.createDirectories(folder.resolve(name));
        all.put("FOLDER", own.toString());
        Path file = Files.move(fill(kind + "/plinth.yaml", all), own.resolve("plinth.yaml"));
        List<String> command = node(type, file, node);
        command.addAll(1, options);
        return new Bench.Contender(name, true, address, start(name, on, command));
    }

    private List<String> node(DaemonType type, Path file, String node) throws DeployException {
        StackFile stack;
        try {
            stack = StackFiles.read(file, daemons, Map.of(), Map.of());
        } catch (ConfigException e) {
            throw new DeployException("bench: " + e.problems());
        }
        NodeConfig spec = stack.stack().nodes().get(node);
        if (spec == null) {
            throw new DeployException("bench: no node " + node + " in " + file);
        }
        return new ArrayList<>(
                installation.command(type.jvm(stack, spec), List.of("run", node, "--file", file.toString())));
    }

    /** Processor time of a process and its descendants so far. */
    public Duration cpu(Process process) {
        return Procfs.ofThisMachine().cpuWithDescendants(process.pid());
    }

    private Path log(String name) {
        return folder.resolve(name + ".log");
    }

    private List<String> tail(String name) throws IOException {
        List<String> lines = new ArrayList<>(Files.readAllLines(log(name)));
        return lines.subList(Math.max(0, lines.size() - LOG_LINES), lines.size());
    }

    @Override
    public synchronized void close() {
        closed = true;
        processes.forEach(Process::destroy);
        try {
            for (Process process : processes) {
                if (!process.waitFor(10, TimeUnit.SECONDS)) {
                    process.destroyForcibly().waitFor();
                }
            }
        } catch (InterruptedException e) {
            processes.forEach(Process::destroyForcibly);
            Thread.currentThread().interrupt();
        }
        processes.clear();
        http.close();
        try (Stream<Path> all = Files.walk(folder)) {
            for (Path path : all.sorted(Comparator.reverseOrder()).toList()) {
                Files.deleteIfExists(path);
            }
        } catch (java.nio.file.NoSuchFileException e) {
            // Closed before.
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
