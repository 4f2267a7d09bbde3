package io.plinth.dbproxy.server;

import io.plinth.dbproxy.auth.ScramKeys;
import io.plinth.kit.config.Secret;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * How the proxy logs in to a server. Compared by its secrets.
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
        @Nullable Encryption encryption) {
    /** The same over another kind of connection. */
    public Login over(@Nullable Encryption other) {
        return Objects.equals(other, encryption) ? this : new Login(user, password, keys, md5, other);
    }
}
