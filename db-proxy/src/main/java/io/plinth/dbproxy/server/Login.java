package io.plinth.dbproxy.server;

import io.plinth.dbproxy.auth.ScramKeys;
import io.plinth.kit.config.Secret;
import org.jspecify.annotations.Nullable;

/**
 * How the proxy logs in to a server. Compared by identity of the secrets.
 *
 * @param password null where the server trusts us or one of the others will do
 * @param keys from the client's own SCRAM proof
 * @param md5 the stored form, which is all that md5 needs
 * @param encryption TLS, or null for none
 */
public record Login(
        String user,
        @Nullable Secret password,
        @Nullable ScramKeys keys,
        @Nullable String md5,
        @Nullable Encryption encryption) {}
