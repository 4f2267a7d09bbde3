package io.plinth.dbproxy.auth;

import java.security.MessageDigest;
import java.security.SecureRandom;
import org.jspecify.annotations.Nullable;

/**
 * What is known of a user's password; nothing of it for a user who may be trusted only.
 *
 * @param scram for SCRAM-SHA-256
 * @param md5 for md5
 */
public record Credential(
        @Nullable ScramVerifier scram, @Nullable String md5) {
    public static final Credential NONE = new Credential(null, null);

    /** Derives what every method needs; milliseconds of computing. */
    public static Credential ofPassword(String user, String password, SecureRandom random) {
        return new Credential(ScramVerifier.derive(password, random), Md5Password.stored(user, password));
    }

    /** Of what {@code pg_authid.rolpassword} holds, in either form; throws IllegalArgumentException. */
    public static Credential ofStored(String text) {
        return Md5Password.isStored(text)
                ? new Credential(null, text)
                : new Credential(ScramVerifier.parse(text), null);
    }

    public boolean none() {
        return scram == null && md5 == null;
    }

    /** Whether this is the password; milliseconds of computing. */
    public boolean isPassword(String user, String password) {
        if (md5 != null) {
            return MessageDigest.isEqual(
                    md5.getBytes(java.nio.charset.StandardCharsets.US_ASCII),
                    Md5Password.stored(user, password).getBytes(java.nio.charset.StandardCharsets.US_ASCII));
        }
        return scram != null && scram.isPassword(password);
    }
}
