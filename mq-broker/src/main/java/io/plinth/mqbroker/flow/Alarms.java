package io.plinth.mqbroker.flow;

import java.util.EnumSet;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
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
        LOG("log write failed"),
        /** A stream takes nothing until it is opened, deleted, or the broker is started again. */
        STREAM("stream failed");

        private final String text;

        Reason(String text) {
            this.text = text;
        }

        public String text() {
            return text;
        }
    }

    /** The number of the definitions' log, which is no shard's. */
    public static final int DEFINITIONS = -1;

    private final Set<Reason> raised = EnumSet.noneOf(Reason.class);
    private final List<Runnable> listeners = new CopyOnWriteArrayList<>();
    /** Logs that cannot be written. */
    private final Set<Integer> logs = new HashSet<>();
    /** Names of streams that take nothing, by id. */
    private final Map<Long, String> streams = new ConcurrentHashMap<>();

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

    /** A log cannot be written, or can again: the alarm is on while any cannot. */
    public void log(int number, boolean failed) {
        boolean changed;
        synchronized (this) {
            if (failed) {
                logs.add(number);
            } else {
                logs.remove(number);
            }
            changed = change(Reason.LOG, !logs.isEmpty());
        }
        tell(changed);
    }

    /** Whether a log cannot be written. */
    public synchronized boolean logFailed(int number) {
        return logs.contains(number);
    }

    /** A stream takes nothing any more, or is there no more or open at last: the alarm is on while there is one. */
    public void stream(long id, String name, boolean failed) {
        boolean changed;
        synchronized (this) {
            if (failed) {
                streams.put(id, name);
            } else {
                streams.remove(id);
            }
            changed = change(Reason.STREAM, !streams.isEmpty());
        }
        tell(changed);
    }

    /** Whether a stream takes nothing, and will not by itself. */
    public boolean streamFailed(long id) {
        return streams.containsKey(id);
    }

    /** Which streams take nothing. */
    public List<String> failedStreams() {
        return streams.values().stream().sorted().toList();
    }

    public void set(Reason reason, boolean on) {
        tell(change(reason, on));
    }

    private synchronized boolean change(Reason reason, boolean on) {
        if (!(on ? raised.add(reason) : raised.remove(reason))) {
            return false;
        }
        String text = String.join(", ", raised.stream().map(r -> r.text).toList());
        blocked = text;
        LOG.warn("publishes are {}", text.isEmpty() ? "taken again" : "blocked: " + text);
        return true;
    }

    private void tell(boolean changed) {
        if (changed) {
            listeners.forEach(Runnable::run);
        }
    }
}
