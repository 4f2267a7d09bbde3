package io.plinth.kvcache.session.turn;

import java.util.ArrayDeque;
import java.util.concurrent.Executor;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Owned by one event loop: connections whose replies go out when the loop has run what came in on all of them in this turn. A client
 * that holds several is so woken once and not for each, which costs more than the command.
 */
public final class TurnEnd {
    private static final Logger LOG = LoggerFactory.getLogger(TurnEnd.class);
    /** So many connections' replies wait at most for one another. */
    private static final int MOST = 64;
    /** And about so long, where others' commands take their time. */
    private static final long MOST_MILLIS = 2;

    /** A connection with replies. */
    public interface Member {
        /** Sends them. */
        void turnEnds();
    }

    private final ArrayDeque<Member> members = new ArrayDeque<>();
    private final Runnable end = this::end;
    private final Runnable before;
    private boolean planned;
    private long begunMillis;

    public TurnEnd() {
        this(() -> {});
    }

    /** {@code before}: runs what the members' replies are still missing. */
    public TurnEnd(Runnable before) {
        this.before = before;
    }

    /** Calls the member at the end of this turn of the loop, and never at once: a command of it may be running. */
    public void await(Executor loop, Member member, long nowMillis) {
        if (members.isEmpty()) {
            begunMillis = nowMillis;
        }
        members.add(member);
        if (!planned) {
            planned = true;
            loop.execute(end);
        }
    }

    /** What a connection sent was run, and nothing is running: calls now where many wait or have waited long. */
    public void ran(long nowMillis) {
        if (members.size() >= MOST || nowMillis - begunMillis >= MOST_MILLIS) {
            call();
        }
    }

    private void end() {
        planned = false;
        call();
    }

    private void call() {
        before.run();
        for (int left = members.size(); left > 0; left--) {
            Member next = members.poll();
            if (next == null) {
                return;
            }
            try {
                next.turnEnds();
            } catch (RuntimeException | Error e) {
                // The others' replies do not wait for the next that is heard of.
                LOG.warn("a connection's replies cannot be sent", e);
            }
        }
    }
}
