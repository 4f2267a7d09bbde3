package io.plinth.geodns.listen;

import java.net.Inet4Address;
import java.net.InetAddress;
import java.net.NetworkInterface;
import java.net.SocketException;
import java.net.UnknownHostException;
import java.util.ArrayList;
import java.util.List;

/** The addresses a host name of the file stands for. Stateless. */
public final class LocalAddresses {
    private LocalAddresses() {}

    /**
     * The addresses to bind UDP sockets to: every one of this machine for a wildcard, since an answer from a wildcard
     * socket may leave from another address than the one that was asked.
     */
    public static List<String> of(String host) throws UnknownHostException, SocketException {
        InetAddress wanted = InetAddress.getByName(host);
        if (!wanted.isAnyLocalAddress()) {
            return List.of(host);
        }
        List<String> all = new ArrayList<>();
        for (NetworkInterface each : NetworkInterface.networkInterfaces().toList()) {
            if (each.isUp()) {
                each.inetAddresses()
                        .filter(address -> address instanceof Inet4Address || !(wanted instanceof Inet4Address))
                        .filter(address -> !address.isLinkLocalAddress() && !address.isMulticastAddress())
                        .map(InetAddress::getHostAddress)
                        .map(text -> text.indexOf('%') < 0 ? text : text.substring(0, text.indexOf('%')))
                        .forEach(all::add);
            }
        }
        return all.isEmpty() ? List.of(host) : all;
    }
}
