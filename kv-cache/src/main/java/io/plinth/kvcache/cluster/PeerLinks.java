package io.plinth.kvcache.cluster;

import io.netty.channel.EventLoop;
import io.plinth.kit.net.EventLoops;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** One connection to each other node of the cluster, so that a message published on one is heard on all, as in Redis Cluster. */
public final class PeerLinks implements PeerPublisher, AutoCloseable {
    private final List<PeerLink> links = new ArrayList<>();
    private final LongAdder dropped = new LongAdder();

    /**
     * Makes the links; {@link #open} connects them.
     *
     * @param password what the other nodes expect at the time of a connect
     * @param queueLimit bytes that may wait for one node; what comes on top is dropped and counted
     */
    public PeerLinks(Topology topology, EventLoops loops, Supplier<@Nullable String> password, long queueLimit) {
        List<EventLoop> all = loops.all();
        for (Member member : topology.members()) {
            if (!member.equals(topology.self())) {
                EventLoop loop = all.get(links.size() % all.size());
                links.add(new PeerLink(member, loop, loops.clientChannel(), password, queueLimit, dropped));
            }
        }
    }

    /** Connects, and connects again whenever a connection is lost. */
    public void open() {
        links.forEach(PeerLink::connect);
    }

    @Override
    public void publish(byte[] channel, byte[] message) {
        for (PeerLink link : links) {
            link.publish(channel, message);
        }
    }

    /** Messages that did not reach a node. */
    public long dropped() {
        return dropped.sum();
    }

    /** How many nodes are connected to. */
    public int connected() {
        return (int) links.stream().filter(PeerLink::connected).count();
    }

    @Override
    public void close() {
        links.forEach(PeerLink::close);
    }
}
