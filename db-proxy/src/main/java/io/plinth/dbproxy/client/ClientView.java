package io.plinth.dbproxy.client;

import java.net.InetSocketAddress;
import java.time.Instant;
import org.jspecify.annotations.Nullable;

/**
 * A client as it is now, for people.
 *
 * @param serverUser the user it is towards the servers
 * @param agoNanos since when its last request has begun
 */
public record ClientView(
        long id,
        String user,
        String serverUser,
        String database,
        @Nullable InetSocketAddress remote,
        @Nullable InetSocketAddress local,
        Instant connected,
        long agoNanos,
        boolean encrypted,
        Conversation.State state) {}
