package io.plinth.lbproxy.exchange;

import io.netty.channel.ChannelInboundHandlerAdapter;
import org.jspecify.annotations.Nullable;

/** A client's connection in the list of its worker, which looks at its deadlines and ends it. Owned by its event loop. */
abstract class AttendedClient extends ChannelInboundHandlerAdapter {
    private @Nullable AttendedClient previous;
    private @Nullable AttendedClient next;

    /** Looks at the deadlines; called a few times a second. */
    abstract void tick(long now);

    /** Ends it after what is under way. */
    abstract void drain();

    /** Closes it at once. */
    public abstract void abort();

    final @Nullable AttendedClient next() {
        return next;
    }

    final void link(@Nullable AttendedClient after) {
        next = after;
        if (after != null) {
            after.previous = this;
        }
    }

    /** Takes it out of the list; returns what is first now. */
    final @Nullable AttendedClient unlink(@Nullable AttendedClient first) {
        AttendedClient before = previous;
        AttendedClient after = next;
        if (after != null) {
            after.previous = before;
        }
        previous = null;
        if (before != null) {
            before.next = after;
            return first;
        }
        return after;
    }
}
