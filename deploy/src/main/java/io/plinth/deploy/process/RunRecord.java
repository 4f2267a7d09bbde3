package io.plinth.deploy.process;

import java.time.Duration;
import java.util.Map;

/**
 * What the state folder remembers about something that was started.
 *
 * @param name the node's name
 * @param kind the daemon kind, {@code app}, {@code postgres}, {@code host} or {@code up}
 * @param process what runs it
 * @param host the node in whose process it runs; its own name where it has one for itself
 * @param level place in the order of starting; stopping goes from the highest down
 * @param stopSignal what asks it to stop
 * @param patience how long it may take to stop
 * @param probe how to ask whether it is ready: {@code http://…}, {@code tcp:host:port}, or empty for a process that
 *     only has to run
 * @param listens addresses by listener name
 */
public record RunRecord(
        String name,
        String kind,
        ProcessId process,
        String host,
        int level,
        String stopSignal,
        Duration patience,
        String probe,
        Map<String, String> listens) {

    /** Whether the process is its own, not another node's. */
    public boolean ownsProcess() {
        return host.equals(name);
    }
}
