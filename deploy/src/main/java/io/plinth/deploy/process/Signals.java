package io.plinth.deploy.process;

import java.io.IOException;
import java.util.concurrent.TimeUnit;

/** Sends signals through the shell's {@code kill}, which every POSIX system has. Stateless. */
public final class Signals {
    private static final long SHELL_SECONDS_MAX = 10;

    /**
     * Sends a signal to one process.
     *
     * @param signal a name without SIG, or a number
     */
    public void send(long pid, String signal) throws IOException {
        kill(Long.toString(pid), signal);
    }

    /** Sends a signal to what is left of a process group; none left is fine. */
    public void sendGroup(long group, String signal) throws IOException {
        kill("-" + group, signal);
    }

    private static void kill(String target, String signal) throws IOException {
        if (!signal.matches("[A-Z0-9+-]{1,12}")) {
            throw new IOException("signal: " + signal + " (expected: a name such as TERM or KILL)");
        }
        Process shell = new ProcessBuilder("/bin/sh", "-c", "kill -s " + signal + " -- " + target)
                .redirectErrorStream(true)
                .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                .start();
        try {
            if (!shell.waitFor(SHELL_SECONDS_MAX, TimeUnit.SECONDS)) {
                shell.destroyForcibly();
            }
        } catch (InterruptedException e) {
            shell.destroyForcibly();
            Thread.currentThread().interrupt();
        }
    }
}
