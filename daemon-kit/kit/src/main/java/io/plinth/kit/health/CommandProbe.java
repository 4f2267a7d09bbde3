package io.plinth.kit.health;

import java.io.File;
import java.io.IOException;
import java.lang.ProcessBuilder.Redirect;
import java.net.InetSocketAddress;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** One run of a program, by the thread that calls {@link #run}; {@link #stop} may be called from any. */
final class CommandProbe {
    private static final File NOTHING = new File("/dev/null");

    private final List<String> command;
    private final long timeoutMillis;
    private volatile boolean stopped;
    private volatile @Nullable Process process;

    CommandProbe(InetSocketAddress target, HealthCheckConfig check) {
        String address = target.isUnresolved()
                ? target.getHostString()
                : target.getAddress().getHostAddress();
        Integer port = check.port();
        String number = String.valueOf(port == null ? target.getPort() : port);
        this.command = check.command().stream()
                .map(word -> word.replace("{address}", address).replace("{port}", number))
                .toList();
        this.timeoutMillis = check.timeout().toMillis();
    }

    ProbeResult run() {
        Process started = null;
        try {
            if (stopped) {
                return new ProbeResult(false, "given up");
            }
            started = new ProcessBuilder(command)
                    .redirectInput(Redirect.from(NOTHING))
                    .redirectOutput(Redirect.DISCARD)
                    .redirectError(Redirect.DISCARD)
                    .start();
            process = started;
            if (stopped || !started.waitFor(timeoutMillis, TimeUnit.MILLISECONDS)) {
                return new ProbeResult(false, "killed, as it took more than " + timeoutMillis + " ms");
            }
            int status = started.exitValue();
            return new ProbeResult(status == 0, "exit status " + status);
        } catch (IOException e) {
            return new ProbeResult(false, String.valueOf(e.getMessage()));
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return new ProbeResult(false, "interrupted");
        } finally {
            if (started != null && started.isAlive()) {
                kill(started);
            }
        }
    }

    void stop() {
        stopped = true;
        Process running = process;
        if (running != null && running.isAlive()) {
            kill(running);
        }
    }

    /** What it started too, which would otherwise outlive it. */
    private static void kill(Process running) {
        running.descendants().forEach(ProcessHandle::destroyForcibly);
        running.destroyForcibly();
    }
}
