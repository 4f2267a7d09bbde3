package io.plinth.lbproxy.listen;

import io.netty.channel.Channel;
import io.plinth.kit.net.ProxyProtocol;
import io.plinth.lbproxy.limit.AddressLimit;
import java.net.InetAddress;
import java.net.InetSocketAddress;

/** Counts a connection among those of its client's address. */
final class AddressGate {
    private AddressGate() {}

    /** Whether there is room; counts it out again when it closes. */
    static boolean enter(AddressLimit limit, Channel channel) {
        InetSocketAddress remote = channel.remoteAddress() == null ? null : ProxyProtocol.remote(channel);
        InetAddress address = remote == null ? null : remote.getAddress();
        if (address == null) {
            return true;
        }
        boolean room = limit.enter(address);
        if (room) {
            channel.closeFuture().addListener(closed -> limit.leave(address));
        }
        return room;
    }
}
