package io.plinth.testkit;

import java.io.IOException;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.SocketException;
import java.util.concurrent.ThreadLocalRandom;

/**
 * A port for a server of a test that cannot be told to take any: free for TCP and UDP at two addresses of loopback, and below
 * those that Linux gives to whoever connects somewhere (from 32768 on), so that no connection of another test, in this JVM or
 * in one beside it, takes it before the server does.
 */
public final class FreePort {
    private static final int FIRST = 10_000;
    private static final int BEHIND_LAST = 32_000;
    private static final int ATTEMPTS = 100;

    private FreePort() {}

    public static int find() throws IOException {
        for (int attempt = 0; attempt < ATTEMPTS; attempt++) {
            int port = ThreadLocalRandom.current().nextInt(FIRST, BEHIND_LAST);
            if (isFree(port, "127.0.0.1") && isFree(port, "127.0.0.2")) {
                return port;
            }
        }
        throw new IOException("no port from " + FIRST + " to " + BEHIND_LAST + " is free for TCP and UDP");
    }

    private static boolean isFree(int port, String host) throws IOException {
        try (ServerSocket stream = new ServerSocket(port, 1, InetAddress.ofLiteral(host));
                DatagramSocket datagrams = new DatagramSocket(port, InetAddress.ofLiteral(host))) {
            return stream.isBound() && datagrams.isBound();
        } catch (SocketException e) {
            return false;
        }
    }
}
