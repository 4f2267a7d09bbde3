package io.plinth.kvcache.command.cache;

import io.plinth.kvcache.command.Call;
import io.plinth.kvcache.command.CommandExecutor;
import io.plinth.kvcache.command.KeyEvents;
import io.plinth.kvcache.command.NodeState;
import io.plinth.kvcache.keyspace.Entry;
import io.plinth.kvcache.keyspace.KeyRef;
import io.plinth.kvcache.keyspace.Keyspace;
import io.plinth.kvcache.keyspace.Segment;
import io.plinth.kvcache.keyspace.SegmentsHeldException;
import io.plinth.kvcache.pattern.KeyName;
import io.plinth.kvcache.pattern.Marks;
import io.plinth.kvcache.session.Blocked;
import io.plinth.kvcache.session.Client;
import io.plinth.kvcache.session.ReplyMode;
import java.util.ArrayList;
import java.util.List;

/**
 * Owned by the client's loop: CACHE.INVALIDATE, which removes the keys of tags segment by segment. Of many keys it removes some at a
 * time, so that others are served meanwhile; to its client it is then a command that blocks.
 */
final class Invalidation implements Blocked {
    private static final int AT_ONCE = 256;
    private static final int PER_TURN = 4_096;
    private static final int RETRY_MILLIS = 2;

    private final Client client;
    private final CommandExecutor executor;
    private final NodeState node;
    private final Marks marks;
    private final List<KeyName> tags = new ArrayList<>();
    private int segment;
    private long removed;

    private Invalidation(Call call, Marks marks) {
        this.client = call.client();
        this.executor = call.executor();
        this.node = call.node();
        this.marks = marks;
        for (int i = 1; i < call.count(); i++) {
            tags.add(new KeyName(client.db(), call.bytes(i)));
        }
    }

    static void begin(Call call, Marks marks) {
        Invalidation begun = new Invalidation(call, marks);
        if (begun.turn()) {
            call.out().integer(begun.removed);
            return;
        }
        call.client().blocked(begun);
        begun.later();
    }

    private void later() {
        client.outlet().schedule(RETRY_MILLIS, () -> {
            if (turn()) {
                deliver();
            } else {
                later();
            }
        });
    }

    /** Removes some; whether that were all. */
    private boolean turn() {
        long until = removed + PER_TURN;
        while (segment < Keyspace.SEGMENTS) {
            if (removed >= until || !emptied(segment, until)) {
                return false;
            }
            segment++;
        }
        return true;
    }

    /** Removes what is in a segment; false where some may be left. */
    private boolean emptied(int index, long until) {
        if (marks.at(index).size() == 0) {
            return true;
        }
        Segment here = node.keyspace().at(index);
        try {
            boolean more = true;
            while (more && removed < until) {
                long before = removed;
                executor.change(here, () -> removeSome(here, index));
                more = removed - before >= AT_ONCE;
            }
            return !more;
        } catch (SegmentsHeldException e) {
            return false;
        }
    }

    private void removeSome(Segment here, int index) {
        KeyRef ref = new KeyRef();
        int left = AT_ONCE;
        for (KeyName tag : tags) {
            for (KeyName name : marks.at(index).having(tag, left)) {
                ref.set(node.keyspace().hasher(), name.db(), name.bytes(), 0, name.bytes().length);
                Entry entry = here.peek(ref, node.clock().millis());
                if (entry != null) {
                    here.delete(entry);
                    if (node.settings().events().wants(KeyEvents.GENERIC)) {
                        node.settings().events().publish(KeyEvents.GENERIC, "del", name.db(), name.bytes());
                    }
                    removed++;
                    left--;
                }
            }
        }
    }

    private void deliver() {
        if (!this.equals(client.blocked())) {
            return;
        }
        client.blocked(null);
        if (client.closing()) {
            return;
        }
        if (client.replyMode() == ReplyMode.ON) {
            client.out().integer(removed);
        }
        client.outlet().unblocked();
    }

    /** CLIENT UNBLOCK does not end it. */
    @Override
    public boolean end(boolean error) {
        return false;
    }

    @Override
    public void abandon() {
        client.blocked(null);
    }
}
