package io.plinth.mqbroker.auth;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Arrays;
import java.util.Base64;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;

/** Passwords as RabbitMQ keeps them: Base64 of four octets of salt and the digest of salt and password. */
public enum PasswordHash {
    SHA256("rabbit_password_hashing_sha256", "SHA-256"),
    SHA512("rabbit_password_hashing_sha512", "SHA-512"),
    /** For users that come with the definitions of an old RabbitMQ; new passwords never get it. */
    MD5("rabbit_password_hashing_md5", "MD5");

    private static final int SALT = 4;

    private final String text;
    private final String digest;

    PasswordHash(String text, String digest) {
        this.text = text;
        this.digest = digest;
    }

    /** Its name in RabbitMQ's definitions. */
    public String text() {
        return text;
    }

    /** By its name in definitions, or null. */
    public static @Nullable PasswordHash of(@Nullable String text) {
        for (PasswordHash hash : values()) {
            if (hash.text.equals(text)) {
                return hash;
            }
        }
        return null;
    }

    /** Hashes with fresh salt. */
    public String hash(String password, RandomGenerator random) {
        byte[] salt = new byte[SALT];
        random.nextBytes(salt);
        return Base64.getEncoder().encodeToString(salted(salt, password));
    }

    /** Whether the password belongs to the hash; takes as long either way. An empty hash belongs to none. */
    public boolean matches(String hash, String password) {
        byte[] known;
        try {
            known = Base64.getDecoder().decode(hash);
        } catch (IllegalArgumentException e) {
            known = new byte[0];
        }
        boolean whole = known.length > SALT;
        byte[] salt = Arrays.copyOf(known, SALT);
        return MessageDigest.isEqual(known, salted(salt, password)) && whole;
    }

    private byte[] salted(byte[] salt, String password) {
        try {
            MessageDigest algorithm = MessageDigest.getInstance(digest);
            algorithm.update(salt);
            byte[] sum = algorithm.digest(password.getBytes(StandardCharsets.UTF_8));
            return ByteBuffer.allocate(SALT + sum.length).put(salt).put(sum).array();
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("digest " + digest + ": missing (expected: in every JDK)", e);
        }
    }
}
