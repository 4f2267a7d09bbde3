package io.plinth.dbproxy.database;

import java.util.ArrayList;
import java.util.List;

/**
 * Where an operator holds up what clients begin: paused, they wait for as long as it takes; shut, new ones are turned
 * away. Any thread.
 */
public final class Gate {
    private final List<Runnable> waiting = new ArrayList<>();
    private volatile boolean paused;
    private volatile boolean shut;

    public boolean paused() {
        return paused;
    }

    public boolean shut() {
        return shut;
    }

    public void shut(boolean now) {
        shut = now;
    }

    /** Holds up transactions from now on; false when they were held up already. */
    public synchronized boolean pause() {
        boolean was = paused;
        paused = true;
        return !was;
    }

    /** Lets them go on; false when they were not held up. */
    public boolean resume() {
        List<Runnable> released;
        synchronized (this) {
            if (!paused) {
                return false;
            }
            paused = false;
            released = new ArrayList<>(waiting);
            waiting.clear();
        }
        released.forEach(Runnable::run);
        return true;
    }

    /** Runs {@code next} when the pause is over, on the thread that ends it; false, and not at all, when there is none. */
    public synchronized boolean await(Runnable next) {
        if (paused) {
            waiting.add(next);
        }
        return paused;
    }

    /** Does not wait any more. */
    public synchronized void forget(Runnable next) {
        waiting.remove(next);
    }

    /** How many wait. */
    public synchronized int waiting() {
        return waiting.size();
    }
}
