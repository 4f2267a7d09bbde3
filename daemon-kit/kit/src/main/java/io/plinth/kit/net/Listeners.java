package io.plinth.kit.net;

import io.netty.channel.Channel;
import io.netty.channel.ChannelHandler;
import io.plinth.kit.config.HostPort;
import java.net.InetSocketAddress;

/**
 * Where every socket of a node is bound: newly, inherited through LISTEN_FDS, or received from the old process.
 * One SO_REUSEPORT socket per event loop where the transport can, so that a connection stays on the loop that accepted it.
 */
public interface Listeners extends AutoCloseable {
    /**
     * Binds a TCP listener; {@code child} (sharable or a ChannelInitializer) is added to each accepted channel, whose
     * auto-read and other options it may change.
     *
     * @throws ListenException with one line naming the listener, the address and what to do
     */
    Bound tcp(String name, HostPort address, ChannelHandler child) throws ListenException;

    /** Binds UDP sockets, one per loop; {@code handler} is sharable or a ChannelInitializer. */
    Bound udp(String name, HostPort address, ChannelHandler handler) throws ListenException;

    /** Stops accepting on every listener; accepted connections live on. */
    void stopAccepting();

    @Override
    void close();

    /**
     * A listener that is bound.
     *
     * @param address as bound, the port never 0
     * @param channels its sockets, one per loop or one
     */
    record Bound(String name, InetSocketAddress address, java.util.List<Channel> channels) {
        public Bound {
            channels = java.util.List.copyOf(channels);
        }
    }
}
