package io.plinth.dbproxy.server;

import io.plinth.kit.config.Secret;
import org.jspecify.annotations.Nullable;

/**
 * How the proxy logs in to a server. Compared by identity of the password.
 *
 * @param password null where the server trusts us
 */
public record Login(String user, @Nullable Secret password) {}
