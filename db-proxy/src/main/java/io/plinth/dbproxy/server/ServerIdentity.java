package io.plinth.dbproxy.server;

import java.util.Map;

/**
 * What a server said of itself at login.
 *
 * @param process for cancel requests, with {@code secret}
 * @param parameters reported settings
 */
public record ServerIdentity(int process, byte[] secret, Map<String, String> parameters) {
    public ServerIdentity {
        parameters = Map.copyOf(parameters);
    }
}
