package io.plinth.kvcache.session.turn;

import io.netty.channel.Channel;
import io.netty.channel.EventLoop;
import io.plinth.kit.net.LoopPace;
import io.plinth.kvcache.keyspace.Keyspace;
import io.plinth.kvcache.wire.ReadBuffers;
import io.plinth.kvcache.wire.ReplyBuffers;
import java.time.Clock;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** Owned by one event loop: what its connections share, whichever protocol they speak. */
public final class LoopShare {
    private final Ahead ahead;
    private final TurnEnd turn = new TurnEnd(this::runWaiting);
    private final List<Together> protocols = new ArrayList<>();
    private final ReadBuffers buffers = new ReadBuffers();
    private final LoopReads reads = new LoopReads();
    private final ReplyBuffers replies = new ReplyBuffers();
    private final LoopTraffic traffic = new LoopTraffic();
    private final LoopPace pace = LoopPace.parking();

    public LoopShare(Keyspace keyspace) {
        ahead = new Ahead(keyspace);
    }

    /** One for each of the loops. */
    public static Map<EventLoop, LoopShare> each(List<EventLoop> loops, Keyspace keyspace) {
        Map<EventLoop, LoopShare> shares = new HashMap<>();
        loops.forEach(loop -> shares.put(loop, new LoopShare(keyspace)));
        return Collections.unmodifiableMap(shares);
    }

    /** What belongs to the loop that a connection is on. */
    public static <T> T of(Map<EventLoop, T> parts, Channel channel) {
        T own = parts.get(channel.eventLoop());
        if (own == null) {
            throw new IllegalStateException("event loop of " + channel + " is not one of the node's");
        }
        return own;
    }

    /** Before connections come: where those of one protocol wait for one another. {@code rest}: no further command follows at once. */
    public Together together(Runnable rest, Clock clock) {
        Together protocol = new Together(ahead, rest, clock);
        protocols.add(protocol);
        return protocol;
    }

    private void runWaiting() {
        for (int i = 0; i < protocols.size(); i++) {
            protocols.get(i).run();
        }
    }

    /** What fetches the records of keys. */
    public Ahead ahead() {
        return ahead;
    }

    /** When replies go out. */
    public TurnEnd turn() {
        return turn;
    }

    /** What commands are parsed from. */
    public ReadBuffers buffers() {
        return buffers;
    }

    /** What is read into. */
    public LoopReads reads() {
        return reads;
    }

    /** What short replies are written to. */
    public ReplyBuffers replies() {
        return replies;
    }

    /** What its connections read and wrote. */
    public LoopTraffic traffic() {
        return traffic;
    }

    /** When the sockets are looked at again. */
    public LoopPace pace() {
        return pace;
    }
}
