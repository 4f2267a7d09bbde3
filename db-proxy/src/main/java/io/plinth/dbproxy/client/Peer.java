package io.plinth.dbproxy.client;

import java.net.InetAddress;
import org.jspecify.annotations.Nullable;

/**
 * What the connection itself says of a client.
 *
 * @param certificateName the common name in its verified certificate, or null without one
 * @param endPoint what channel binding binds to; empty without TLS
 */
record Peer(
        @Nullable InetAddress address,
        boolean encrypted,
        @Nullable String certificateName,
        byte[] endPoint) {}
