package io.plinth.postgres;

import java.io.IOException;
import java.io.OutputStream;
import java.lang.ProcessBuilder.Redirect;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * One server on 127.0.0.1 and its data folder.
 *
 * <p>Life: {@link #prepare} (makes the folder once, writes its settings every time), {@link #start} or a process of the
 * caller's own from {@link #command}, {@link #awaitReady}, {@link #stop}. The folder appears by a rename when it is
 * whole, so an interrupted first start begins again and data that is there is never made anew.
 */
public final class PostgresServer {
    private static final Duration STOP_PATIENCE = Duration.ofSeconds(30);

    /** A killed server's helper processes take a moment to notice; until then a new one refuses to start. */
    private static final String STILL_MAPPED = "pre-existing shared memory block";

    private final PostgresBinaries binaries;
    private final Path data;
    private final PostgresSettings settings;
    private final @Nullable PostgresServer primary;
    private @Nullable Process process;

    private PostgresServer(
            PostgresBinaries binaries, Path data, PostgresSettings settings, @Nullable PostgresServer primary) {
        this.binaries = binaries;
        this.data = data.toAbsolutePath().normalize();
        this.settings = settings;
        this.primary = primary;
    }

    /** A server that takes writes. */
    public static PostgresServer primary(PostgresBinaries binaries, Path data, PostgresSettings settings) {
        return new PostgresServer(binaries, data, settings, null);
    }

    /** A server that streams from {@code primary} and takes reads. */
    public static PostgresServer replica(
            PostgresBinaries binaries, Path data, PostgresSettings settings, PostgresServer primary) {
        return new PostgresServer(binaries, data, settings, primary);
    }

    /** Where its data lies, absolute. */
    public Path data() {
        return data;
    }

    /** Its port on 127.0.0.1. */
    public int port() {
        return settings.port();
    }

    /**
     * Makes the data folder if there is none and writes the settings. A replica's folder is a copy of its primary's,
     * so a new replica must be prepared after its primary was and while that is not running.
     */
    public void prepare() throws IOException {
        ServerAccount account = ServerAccount.choose();
        if (!Files.exists(data)) {
            Path parent = data.getParent();
            Files.createDirectories(parent == null ? data : parent);
            checkReachable(account);
            Path fresh = data.resolveSibling(data.getFileName() + ".new");
            PostgresBinaries.delete(fresh);
            Files.createDirectory(
                    fresh, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
            if (primary == null) {
                account.own(fresh);
                initialise(account, fresh);
            } else {
                copy(primary.data, fresh);
            }
            configure(fresh);
            account.own(fresh);
            Files.move(fresh, data, StandardCopyOption.ATOMIC_MOVE);
        } else if (!Files.exists(data.resolve("PG_VERSION"))) {
            throw new PostgresException("data folder: " + data
                    + " exists and is no PostgreSQL data folder (expected: none, or one; move it away)");
        }
        checkReachable(account);
        configure(data);
        account.own(data.resolve("plinth.conf"));
        account.own(data.resolve("pg_hba.conf"));
    }

    /** The foreground server as a command: changes to the server's account itself and is one process group. */
    public List<String> command() throws IOException {
        return ServerAccount.choose().command(List.of(binaries.program("postgres"), "-D", data.toString()));
    }

    /** Starts the server as a child process that writes to {@code log}; does not wait until it is ready. */
    public Process start(Path log) throws IOException {
        if (process != null && process.isAlive()) {
            throw new PostgresException("PostgreSQL on port " + port() + " runs already");
        }
        ProcessBuilder builder = builder(command());
        builder.redirectErrorStream(true).redirectOutput(Redirect.appendTo(log.toFile()));
        builder.redirectInput(Redirect.from(Path.of("/dev/null").toFile()));
        Process started = builder.start();
        process = started;
        return started;
    }

    /** Whether it takes sessions now. */
    public boolean isReady() {
        return ReadyProbe.ready(port());
    }

    /**
     * Waits until it takes sessions; fails as soon as the started process has ended, with its last words in
     * {@code log}. A start that came too soon after a kill is repeated.
     */
    public void awaitReady(Duration patience, Path log) throws IOException, InterruptedException {
        long deadline = System.nanoTime() + patience.toNanos();
        while (true) {
            Process running = process;
            if (running != null && !running.isAlive()) {
                String last = lastLine(log);
                if (!last.contains(STILL_MAPPED) || System.nanoTime() > deadline) {
                    throw new PostgresException(
                            "PostgreSQL on port " + port() + " stopped at once: " + last + " (all of it: " + log + ")");
                }
                Thread.sleep(100);
                start(log);
            }
            if (isReady()) {
                return;
            }
            if (System.nanoTime() > deadline) {
                throw new PostgresException("PostgreSQL on port " + port() + " is not ready after "
                        + patience.toSeconds() + " s: " + lastLine(log) + " (all of it: " + log + ")");
            }
            Thread.sleep(20);
        }
    }

    /** Disconnects clients and stops the server of this folder, whoever started it; nothing happens when none runs. */
    public void stop() throws IOException, InterruptedException {
        if (!Files.exists(data.resolve("postmaster.pid"))) {
            return;
        }
        List<String> program = List.of(
                binaries.program("pg_ctl"),
                "stop",
                "-D",
                data.toString(),
                "-m",
                "fast",
                "-w",
                "-t",
                Long.toString(STOP_PATIENCE.toSeconds()));
        Process stopping = builder(ServerAccount.choose().command(program))
                .redirectErrorStream(true)
                .redirectOutput(Redirect.DISCARD)
                .start();
        stopping.waitFor(STOP_PATIENCE.toSeconds() + 5, TimeUnit.SECONDS);
        Process running = process;
        if (running != null && !running.waitFor(5, TimeUnit.SECONDS)) {
            throw new PostgresException(
                    "PostgreSQL on port " + port() + " does not stop (process " + running.pid() + ")");
        }
    }

    /** Ends the server as a crash does; its helper processes follow by themselves. */
    public void kill() throws InterruptedException {
        Process running = process;
        if (running != null) {
            running.destroyForcibly().waitFor();
        }
    }

    private void checkReachable(ServerAccount account) throws IOException {
        Path parent = data.getParent();
        for (Path path : List.of(binaries.home(), parent == null ? data : parent)) {
            Path barrier = account.barrier(path);
            if (barrier != null) {
                throw new PostgresException("PostgreSQL does not run as root, and its account " + account.name()
                        + " cannot enter " + barrier + " on the way to " + path
                        + "; put the folder elsewhere, or chmod o+x " + barrier);
            }
        }
    }

    private void initialise(ServerAccount account, Path folder) throws IOException {
        List<String> initdb = List.of(
                binaries.program("initdb"),
                "-D",
                folder.toString(),
                "-U",
                "postgres",
                "-E",
                "UTF8",
                "--locale=C.UTF-8",
                "--auth=trust",
                "--no-sync",
                "--no-instructions");
        run(account.command(initdb), "");
        String setup = settings.setup();
        if (!setup.isEmpty()) {
            List<String> single = List.of(
                    binaries.program("postgres"),
                    "--single",
                    "-D",
                    folder.toString(),
                    "-c",
                    "exit_on_error=on",
                    "-c",
                    "password_encryption=scram-sha-256",
                    "postgres");
            run(account.command(single), setup);
        }
        List<String> sync = List.of(binaries.program("initdb"), "-D", folder.toString(), "--sync-only");
        run(account.command(sync), "");
        Files.writeString(folder.resolve("postgresql.conf"), "\ninclude 'plinth.conf'\n", StandardOpenOption.APPEND);
    }

    /** Copies a server that does not run, but for what belongs to its process. */
    private static void copy(Path from, Path to) throws IOException {
        if (Files.exists(from.resolve("postmaster.pid"))) {
            throw new PostgresException("primary in " + from + ": running, or not stopped cleanly (expected: stopped,"
                    + " so that a replica can be copied from it)");
        }
        Files.walkFileTree(from, new SimpleFileVisitor<>() {
            @Override
            public FileVisitResult preVisitDirectory(Path dir, BasicFileAttributes attributes) throws IOException {
                Path target = to.resolve(from.relativize(dir).toString());
                if (!Files.exists(target)) {
                    Files.copy(dir, target, StandardCopyOption.COPY_ATTRIBUTES);
                }
                return FileVisitResult.CONTINUE;
            }

            @Override
            public FileVisitResult visitFile(Path file, BasicFileAttributes attributes) throws IOException {
                Files.copy(file, to.resolve(from.relativize(file).toString()), StandardCopyOption.COPY_ATTRIBUTES);
                return FileVisitResult.CONTINUE;
            }
        });
        Files.createFile(to.resolve("standby.signal"));
    }

    private void configure(Path folder) throws IOException {
        String name = String.valueOf(data.getFileName()).replaceAll("[^A-Za-z0-9_]", "_");
        String connection = primary == null ? "" : primary.settings.connectionOf(name);
        Path file = folder.resolve("plinth.conf");
        if (!Files.exists(file)) {
            Files.createFile(file, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
        }
        Files.writeString(file, settings.configuration(connection));
        Files.writeString(folder.resolve("pg_hba.conf"), settings.hostBasedAccess());
    }

    private void run(List<String> command, String input) throws IOException {
        Process running = builder(command).redirectErrorStream(true).start();
        try (OutputStream stdin = running.getOutputStream()) {
            stdin.write(input.getBytes(StandardCharsets.UTF_8));
        }
        String output = new String(running.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        try {
            if (running.waitFor() != 0 || output.contains("ERROR:") || output.contains("FATAL:")) {
                throw new PostgresException("making the data folder " + data + " failed: "
                        + output.strip().replaceAll("\\s*\\R\\s*", " | "));
            }
        } catch (InterruptedException e) {
            running.destroyForcibly();
            Thread.currentThread().interrupt();
            throw new PostgresException("making the data folder " + data + " was interrupted", e);
        }
    }

    private ProcessBuilder builder(List<String> command) {
        ProcessBuilder builder = new ProcessBuilder(new ArrayList<>(command));
        // The caller's folder may be closed to the server's account, and its PG* variables are not meant for the
        // server.
        builder.directory(Path.of("/").toFile());
        builder.environment().keySet().removeIf(name -> name.startsWith("PG") || name.startsWith("LC_"));
        builder.environment().put("LC_ALL", "C.UTF-8");
        return builder;
    }

    private static String lastLine(Path log) {
        try {
            List<String> lines = Files.readAllLines(log);
            return lines.reversed().stream()
                    .filter(line -> line.contains("FATAL") || line.contains("could not"))
                    .findFirst()
                    .orElse(lines.isEmpty() ? "it said nothing" : lines.getLast());
        } catch (IOException e) {
            return "its log cannot be read";
        }
    }
}
