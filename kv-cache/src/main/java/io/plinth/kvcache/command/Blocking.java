package io.plinth.kvcache.command;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.netty.buffer.ByteBufUtil;
import io.plinth.kvcache.keyspace.Entry;
import io.plinth.kvcache.keyspace.KeyRef;
import io.plinth.kvcache.keyspace.Keyspace;
import io.plinth.kvcache.keyspace.Segment;
import io.plinth.kvcache.keyspace.SegmentSet;
import io.plinth.kvcache.keyspace.SegmentWaits;
import io.plinth.kvcache.keyspace.SegmentsHeldException;
import io.plinth.kvcache.keyspace.Waiter;
import io.plinth.kvcache.wire.ReplyWriter;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;

/**
 * Owned by one event loop: runs the commands that waited for what a command of this loop changed, in the order they came, before
 * anybody else sees the change. A waiting command that needs a segment another loop holds is run as soon as this loop has let go
 * of its own, because locks are taken in ascending order only.
 */
final class Blocking {
    private static final int REPLY = 512 << 20;

    private final NodeState node;
    private final KeyRef ref = new KeyRef();
    private final ArrayDeque<Segment> pending = new ArrayDeque<>();
    private final List<Segment> extra = new ArrayList<>();
    private final ArrayDeque<BlockedCall> deferred = new ArrayDeque<>();

    Blocking(NodeState node) {
        this.node = node;
    }

    /** Serves who waits for keys of a segment that this thread has locked. */
    void serve(Segment segment, long nowMillis) {
        pending.add(segment);
        try {
            for (Segment next = pending.poll(); next != null; next = pending.poll()) {
                serveOne(next, nowMillis);
            }
        } finally {
            extra.forEach(Segment::unlock);
            extra.clear();
        }
    }

    private void serveOne(Segment segment, long nowMillis) {
        Keyspace keyspace = node.keyspace();
        for (SegmentWaits.Ready ready = segment.waits().next();
                ready != null;
                ready = segment.waits().next()) {
            for (Waiter waiter : ready.waiters()) {
                ref.set(keyspace.hasher(), ready.db(), ready.key(), 0, ready.key().length);
                Entry entry = segment.peek(ref, nowMillis);
                if (!(waiter instanceof BlockedCall call) || call.over() || !call.wants(entry)) {
                    continue;
                }
                if (!lock(call)) {
                    deferred.add(call);
                    break;
                }
                attempt(call, ready.key(), nowMillis);
            }
        }
    }

    /**
     * Locks what is not locked yet, without waiting. Answers false also where the changes until now belong to a transaction and the
     * call needs another segment, which would be let go before that has ended.
     */
    private boolean lock(BlockedCall call) {
        SegmentSet set = new SegmentSet();
        call.segments(set);
        boolean inUnit = set.inUnit(node.keyspace());
        boolean[] all = {true};
        set.forEach(node.keyspace(), segment -> {
            if (all[0] && !segment.held()) {
                all[0] = !inUnit && segment.tryLock();
                if (all[0]) {
                    extra.add(segment);
                }
            }
        });
        return all[0];
    }

    private void attempt(BlockedCall blocked, byte[] changed, long nowMillis) {
        if (!blocked.tries()) {
            return;
        }
        SegmentSet touched = new SegmentSet();
        blocked.segments(touched);
        ReplyWriter out = new ReplyWriter(ByteBufAllocator.DEFAULT, REPLY);
        out.protocol(blocked.client().out().protocol());
        blocked.client().order(node.keyspace().databases().now());
        Call call = new Call(node, blocked.executor(), blocked.command(), blocked.client(), blocked.args());
        call.attempt(blocked, changed, nowMillis, out);
        try {
            if (blocked.command().is(Command.Flag.WRITE)) {
                // The node may have become a replica meanwhile.
                node.admits(blocked.command(), blocked.args(), blocked.client());
            }
            touched.together(node.keyspace(), () -> blocked.command().handler().run(call));
        } catch (CommandException e) {
            out.rewind(0);
            out.error(String.valueOf(e.getMessage()));
        }
        ByteBuf reply = out.take();
        if (call.waits()) {
            blocked.waitsOn();
            if (reply != null) {
                reply.release();
            }
            return;
        }
        blocked.finish();
        byte[] bytes = reply == null ? new byte[0] : ByteBufUtil.getBytes(reply);
        if (reply != null) {
            reply.release();
        }
        blocked.reply(bytes);
        touched.forEach(node.keyspace(), segment -> {
            if (segment.waits().anyReady() && !pending.contains(segment)) {
                pending.add(segment);
            }
        });
    }

    /** Serves one who could not be served before. This thread holds no lock. */
    void serveLater(BlockedCall call, long nowMillis) {
        deferred.add(call);
        serveDeferred(nowMillis);
    }

    /** Serves who could not be served while segments were locked. This thread holds no lock. */
    void serveDeferred(long nowMillis) {
        for (BlockedCall call = deferred.poll(); call != null; call = deferred.poll()) {
            SegmentSet set = new SegmentSet();
            call.segments(set);
            try {
                set.lock(node.keyspace());
            } catch (SegmentsHeldException e) {
                // The command that led here has had its effect and must not be given again for this one's sake.
                call.later();
                continue;
            }
            try {
                // Also when it is over by now: others wait for the same keys behind it.
                call.again();
                set.forEach(node.keyspace(), segment -> serve(segment, nowMillis));
            } finally {
                set.unlock(node.keyspace());
            }
        }
    }
}
