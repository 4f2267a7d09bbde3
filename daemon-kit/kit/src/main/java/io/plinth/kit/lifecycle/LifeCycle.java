package io.plinth.kit.lifecycle;

import java.util.EnumMap;
import java.util.EnumSet;
import java.util.Map;
import java.util.Set;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Where a node is in its life. Moved by the node's runner thread, read by any.
 *
 * <pre>
 * NEW       -> STARTING              start
 * STARTING  -> RUNNING, STOPPING     started; a failed start
 * RUNNING   -> RELOADING             SIGHUP, POST /reload
 * RELOADING -> RUNNING               the changed file is in use, or refused
 * RUNNING   -> DRAINING              SIGTERM, SIGINT, POST /drain, handed over
 * RUNNING   -> STOPPING              close
 * DRAINING  -> STOPPING              nothing in flight any more, or patience ended
 * STOPPING  -> STOPPED               everything is closed
 * </pre>
 */
public final class LifeCycle {
    /** A node's states. */
    public enum State {
        /** Nothing is open. */
        NEW,
        /** Opening data and listeners. */
        STARTING,
        /** Serving. */
        RUNNING,
        /** Serving, while a changed file is read. */
        RELOADING,
        /** Accepts nothing new and finishes what is in flight. */
        DRAINING,
        /** Closing. */
        STOPPING,
        /** Everything is closed. */
        STOPPED
    }

    private static final Logger LOG = LoggerFactory.getLogger(LifeCycle.class);
    private static final Map<State, Set<State>> LEGAL = new EnumMap<>(Map.of(
            State.NEW, EnumSet.of(State.STARTING),
            State.STARTING, EnumSet.of(State.RUNNING, State.STOPPING),
            State.RUNNING, EnumSet.of(State.RELOADING, State.DRAINING, State.STOPPING),
            State.RELOADING, EnumSet.of(State.RUNNING),
            State.DRAINING, EnumSet.of(State.STOPPING),
            State.STOPPING, EnumSet.of(State.STOPPED),
            State.STOPPED, EnumSet.noneOf(State.class)));

    private final String node;
    private volatile State state = State.NEW;

    public LifeCycle(String node) {
        this.node = node;
    }

    /** Where it is now. */
    public State state() {
        return state;
    }

    /** Whether it may go to {@code next} from where it is. */
    public boolean allows(State next) {
        return LEGAL.getOrDefault(state, Set.of()).contains(next);
    }

    /** Moves on, or throws IllegalStateException where the table does not have that step. */
    public synchronized void transition(State next, String reason) {
        State from = state;
        if (!allows(next)) {
            throw new IllegalStateException(
                    "life of " + node + " - from=" + from + " to=" + next + " (" + reason + ")");
        }
        state = next;
        LOG.debug("{}: {} -> {}: {}", node, from, next, reason);
    }
}
