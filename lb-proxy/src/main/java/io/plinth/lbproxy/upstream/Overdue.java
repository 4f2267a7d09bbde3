package io.plinth.lbproxy.upstream;

import org.jspecify.annotations.Nullable;

/** What waits in a {@link HedgeLine} for its time to come. Owned by one event loop. */
public abstract class Overdue {
    @Nullable
    Overdue before;

    @Nullable
    Overdue after;

    long due;
    boolean inLine;

    /** Its time has come, and it is out of the line. */
    protected abstract void overdue();
}
