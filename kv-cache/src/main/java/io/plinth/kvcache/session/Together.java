package io.plinth.kvcache.session;

import io.plinth.kvcache.wire.RequestDecoder;
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
    interface Member {
        /** Its number of the database. */
        int db();

        /** Where its commands lie. */
        RequestDecoder decoder();

        /** Runs them; whatever goes wrong is between this connection and its client. {@code known}: of so many the keys were looked at. */
        void runs(long nowMillis, int known);
    }

    private final Ahead ahead;
    private final Dispatcher dispatcher;
    private final Clock clock;
    private final @Nullable Member[] members = new Member[MOST];
    private final int[] known = new int[MOST];
    private int count;
    private long nowMillis;
    private boolean running;

    public Together(Ahead ahead, Dispatcher dispatcher, Clock clock) {
        this.ahead = ahead;
        this.dispatcher = dispatcher;
        this.clock = clock;
    }

    /** Has the connection wait for others; answers what time it is. */
    long add(Member member) {
        if (count == 0) {
            nowMillis = clock.millis();
        }
        members[count++] = member;
        if (count == MOST) {
            run();
        }
        return nowMillis;
    }

    private void runs(Member member, int looked) {
        try {
            member.runs(nowMillis, looked);
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
                known[i] = member == null ? 0 : ahead.add(member.db(), member.decoder());
            }
            ahead.fetch();
            for (int i = 0; i < all; i++) {
                Member member = members[i];
                if (member != null) {
                    // Anew for each: one before may have taken long.
                    nowMillis = clock.millis();
                    runs(member, known[i]);
                }
            }
        } finally {
            Arrays.fill(members, 0, count, null);
            count = 0;
            running = false;
            dispatcher.rest();
        }
    }
}
