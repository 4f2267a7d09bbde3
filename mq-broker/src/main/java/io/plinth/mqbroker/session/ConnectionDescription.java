package io.plinth.mqbroker.session;

import io.netty.channel.Channel;
import io.plinth.mqbroker.wire.FieldTable;
import java.net.InetSocketAddress;
import java.util.Collection;
import java.util.List;

/**
 * One connection, as management shows it.
 *
 * @param name both ends of the socket, which is how RabbitMQ names a connection
 * @param connectedAt epoch milliseconds
 * @param heartbeat seconds
 */
public record ConnectionDescription(
        Connection connection,
        String name,
        InetSocketAddress peer,
        InetSocketAddress local,
        String user,
        String vhost,
        String state,
        String mechanism,
        FieldTable clientProperties,
        int frameMax,
        int channelMax,
        int heartbeat,
        long connectedAt,
        Octets octets,
        List<ChannelDescription> channels) {
    /** What went over the socket. */
    public record Octets(long received, long sent) {}

    static ConnectionDescription of(
            Connection connection,
            Channel channel,
            String state,
            Negotiated negotiated,
            long connectedAt,
            Octets octets,
            Collection<ChannelSession> channels) {
        InetSocketAddress peer = (InetSocketAddress) channel.remoteAddress();
        InetSocketAddress local = (InetSocketAddress) channel.localAddress();
        return new ConnectionDescription(
                connection,
                name(channel),
                peer,
                local,
                connection.identity().user(),
                connection.identity().vhost(),
                state,
                negotiated.mechanism(),
                negotiated.clientProperties(),
                negotiated.frameMax(),
                negotiated.channelMax(),
                negotiated.heartbeat(),
                connectedAt,
                octets,
                channels.stream().map(ChannelSession::describe).toList());
    }

    static String name(Channel channel) {
        return text((InetSocketAddress) channel.remoteAddress()) + " -> "
                + text((InetSocketAddress) channel.localAddress());
    }

    private static String text(InetSocketAddress address) {
        return address.getAddress().getHostAddress() + ":" + address.getPort();
    }
}
