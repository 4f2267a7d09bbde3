package io.plinth.dbproxy.client;

import io.netty.channel.EventLoop;
import io.plinth.dbproxy.database.Gate;
import org.jspecify.annotations.Nullable;

/** What of a session waits while an operator holds its database up: one thing at most. Owned by the session's event loop. */
final class Pauses {
    private final Gate gate;
    private @Nullable Held held;

    Pauses(Gate gate) {
        this.gate = gate;
    }

    private final class Held implements Runnable {
        private final EventLoop loop;
        private final Runnable next;

        Held(EventLoop loop, Runnable next) {
            this.loop = loop;
            this.next = next;
        }

        @Override
        public void run() {
            loop.execute(() -> {
                if (held == this) {
                    held = null;
                    pass(loop, next);
                }
            });
        }
    }

    /** Runs {@code next} on its loop: now, or when nothing is held up any more. */
    void pass(EventLoop loop, Runnable next) {
        if (gate.paused()) {
            Held waiting = new Held(loop, next);
            held = waiting;
            if (gate.await(waiting)) {
                return;
            }
            held = null;
        }
        next.run();
    }

    /** Stops waiting; false when nothing waits. */
    boolean forget() {
        Held waiting = held;
        held = null;
        if (waiting != null) {
            gate.forget(waiting);
        }
        return waiting != null;
    }
}
