package io.plinth.kit.net;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.channels.DatagramChannel;
import java.nio.channels.ServerSocketChannel;

/**
 * Proves that nobody else has a port. SO_REUSEPORT would share it silently with another process of the same user, which
 * would then get half of the connections; a plain bind does not.
 */
final class PortProbe {
    private PortProbe() {}

    /**
     * Returns where to bind. For TCP the kernel picks a port 0 by itself; for UDP it might pick one that another
     * SO_REUSEPORT socket of this user has, so the plain socket picks.
     */
    static InetSocketAddress prove(boolean stream, InetSocketAddress address) throws IOException {
        if (stream && address.getPort() == 0) {
            return address;
        }
        if (stream) {
            try (ServerSocketChannel probe = ServerSocketChannel.open()) {
                probe.bind(address, 1);
                return address;
            }
        }
        try (DatagramChannel probe = DatagramChannel.open()) {
            probe.bind(address);
            return (InetSocketAddress) probe.getLocalAddress();
        }
    }
}
