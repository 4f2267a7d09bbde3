package io.plinth.dbproxy.auth;

import com.ongres.scram.common.ScramFunctions;
import com.ongres.scram.common.ScramMechanism;
import com.ongres.scram.common.StringPreparation;
import java.security.SecureRandom;
import java.util.Base64;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * What is stored of a password: enough to check a proof of it, not enough to make one (RFC 5803 in PostgreSQL's form).
 */
public record ScramVerifier(int iterations, byte[] salt, byte[] storedKey, byte[] serverKey) {
    private static final Pattern TEXT =
            Pattern.compile("SCRAM-SHA-256\\$(\\d{1,9}):([A-Za-z0-9+/=]+)\\$([A-Za-z0-9+/=]{44}):([A-Za-z0-9+/=]{44})");
    private static final int ITERATIONS = 4096;
    private static final int SALT_BYTES = 16;

    /** Parses PostgreSQL's {@code pg_authid.rolpassword}; throws IllegalArgumentException without repeating the secret. */
    public static ScramVerifier parse(String text) {
        Matcher matcher = TEXT.matcher(text.strip());
        if (!matcher.matches()) {
            throw new IllegalArgumentException(
                    "verifier: not one (expected: SCRAM-SHA-256$iterations:salt$StoredKey:ServerKey)");
        }
        Base64.Decoder base64 = Base64.getDecoder();
        return new ScramVerifier(
                Integer.parseInt(matcher.group(1)),
                base64.decode(matcher.group(2)),
                base64.decode(matcher.group(3)),
                base64.decode(matcher.group(4)));
    }

    /** Whether this is the password; milliseconds of computing. */
    public boolean isPassword(String password) {
        ScramMechanism mechanism = ScramMechanism.SCRAM_SHA_256;
        byte[] salted = ScramFunctions.saltedPassword(
                mechanism, StringPreparation.POSTGRESQL_PREPARATION, password.toCharArray(), salt, iterations);
        byte[] stored = ScramFunctions.storedKey(mechanism, ScramFunctions.clientKey(mechanism, salted));
        return java.security.MessageDigest.isEqual(stored, storedKey);
    }

    /** Derives a verifier from a password; milliseconds of computing. */
    public static ScramVerifier derive(String password, SecureRandom random) {
        byte[] salt = ScramFunctions.salt(SALT_BYTES, random);
        ScramMechanism mechanism = ScramMechanism.SCRAM_SHA_256;
        byte[] salted = ScramFunctions.saltedPassword(
                mechanism, StringPreparation.POSTGRESQL_PREPARATION, password.toCharArray(), salt, ITERATIONS);
        byte[] stored = ScramFunctions.storedKey(mechanism, ScramFunctions.clientKey(mechanism, salted));
        return new ScramVerifier(ITERATIONS, salt, stored, ScramFunctions.serverKey(mechanism, salted));
    }
}
