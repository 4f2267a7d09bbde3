package io.plinth.mqbroker.flow;

import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CopyOnWriteArrayList;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Reasons to take no publishes for now, raised and cleared by any thread. Connections are told of every change. */
public final class Alarms {
    private static final Logger LOG = LoggerFactory.getLogger(Alarms.class);

    /** Why. */
    public enum Reason {
        /** Messages take more memory than the limit. */
        MEMORY("low on memory"),
        /** The data folder's file system is nearly full. */
        DISK("low on disk"),
        /** A log could not be written. */
        LOG("log write failed");

        private final String text;

        Reason(String text) {
            this.text = text;
        }
    }

    private final Set<Reason> raised = EnumSet.noneOf(Reason.class);
    private final List<Runnable> listeners = new CopyOnWriteArrayList<>();
    private volatile String blocked = "";

    /** The reasons as text, empty when there are none. */
    public String blocked() {
        return blocked;
    }

    /** Whether publishes are blocked for this. */
    public synchronized boolean is(Reason reason) {
        return raised.contains(reason);
    }

    /** Is told of a change on the thread that made it; changes may overtake each other, so what holds now is read from {@link #blocked}. */
    public void listen(Runnable listener) {
        listeners.add(listener);
    }

    public void set(Reason reason, boolean on) {
        String text;
        synchronized (this) {
            boolean changed = on ? raised.add(reason) : raised.remove(reason);
            if (!changed) {
                return;
            }
            text = String.join(", ", raised.stream().map(r -> r.text).toList());
            blocked = text;
        }
        LOG.warn("publishes are {}", text.isEmpty() ? "taken again" : "blocked: " + text);
        listeners.forEach(Runnable::run);
    }
}
