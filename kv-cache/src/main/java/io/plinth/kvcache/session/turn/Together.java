package io.plinth.kvcache.session.turn;

import java.time.Clock;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Owned by one event loop: connections that sent a small read each, in the order they came. What they sent runs in a row, when there
 * are many or the loop has seen all that came in, so that their records are fetched from memory together.
 */
public final class Together {
    private static final Logger LOG = LoggerFactory.getLogger(Together.class);
    /** As many as have their records fetched together. */
    private static final int MOST = 16;

    /** A connection whose commands have come and do not run yet. */
    public interface Member {
        /** Has the record of what its first command names fetched; answers what {@link Ahead#add} did, {@link Ahead#NONE} for nothing. */
        int look(Ahead ahead);

        /** Runs them; whatever goes wrong is between this connection and its client. {@code first}: what it answered to {@link #look}. */
        void runs(long nowMillis, int first);
    }

    private final Ahead ahead;
    private final Runnable rest;
    private final Clock clock;
    private final @Nullable Member[] members = new Member[MOST];
    private final int[] firsts = new int[MOST];
    private int count;
    private long nowMillis;
    private boolean running;

    /** {@code rest}: no further command follows at once. */
    Together(Ahead ahead, Runnable rest, Clock clock) {
        this.ahead = ahead;
        this.rest = rest;
        this.clock = clock;
    }

    /** What time it is, in Unix milliseconds; looked up once for those that wait for one another. */
    public long time() {
        if (count == 0) {
            nowMillis = clock.millis();
        }
        return nowMillis;
    }

    /** Has the connection wait for others. */
    public void add(Member member) {
        members[count++] = member;
        if (count == MOST) {
            run();
        }
    }

    private void runs(Member member, int first) {
        try {
            member.runs(nowMillis, first);
        } catch (RuntimeException | Error e) {
            // The others have sent theirs, too.
            LOG.warn("a connection's commands cannot be run", e);
        }
    }

    /** Runs what waits; nothing where that is being done. */
    public void run() {
        if (count == 0 || running) {
            return;
        }
        running = true;
        try {
            int all = count;
            ahead.begin();
            for (int i = 0; i < all; i++) {
                Member member = members[i];
                firsts[i] = member == null ? Ahead.NONE : member.look(ahead);
            }
            ahead.fetch();
            for (int i = 0; i < all; i++) {
                Member member = members[i];
                if (member != null) {
                    // Anew for each: one before may have taken long.
                    nowMillis = clock.millis();
                    runs(member, firsts[i]);
                }
            }
        } finally {
            Arrays.fill(members, 0, count, null);
            count = 0;
            running = false;
            rest.run();
        }
    }
}
