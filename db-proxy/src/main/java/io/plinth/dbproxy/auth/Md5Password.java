package io.plinth.dbproxy.auth;

import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;

/** PostgreSQL's older way of proving a password: {@code md5} and hexadecimal digits, stored and, salted, sent. */
public final class Md5Password {
    private static final String PREFIX = "md5";
    private static final int LENGTH = 35;

    private Md5Password() {}

    /** What is stored of a password. */
    public static String stored(String user, String password) {
        return PREFIX + hex((password + user).getBytes(StandardCharsets.UTF_8), new byte[0]);
    }

    /** What is sent of it. */
    public static String answer(String stored, byte[] salt) {
        return PREFIX + hex(stored.substring(PREFIX.length()).getBytes(StandardCharsets.US_ASCII), salt);
    }

    public static boolean isStored(String text) {
        return text.length() == LENGTH && text.startsWith(PREFIX);
    }

    public static boolean matches(String stored, byte[] salt, String answer) {
        return MessageDigest.isEqual(
                answer(stored, salt).getBytes(StandardCharsets.US_ASCII), answer.getBytes(StandardCharsets.US_ASCII));
    }

    private static String hex(byte[] first, byte[] second) {
        try {
            MessageDigest digest = MessageDigest.getInstance("MD5");
            digest.update(first);
            return HexFormat.of().formatHex(digest.digest(second));
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("no MD5 in this JVM (expected: as every JVM has)", e);
        }
    }
}
