package io.plinth.kvcache.cluster;

import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;

/**
 * One node of the cluster as its clients see it.
 *
 * @param name in the file
 * @param id 40 hexadecimal digits, the same after every restart
 * @param host where clients reach it
 * @param port the client port
 */
public record Member(String name, String id, String host, int port) {
    /** The id that a node of this name always has. */
    static String id(String cluster, String name) {
        try {
            byte[] digest =
                    MessageDigest.getInstance("SHA-1").digest((cluster + '/' + name).getBytes(StandardCharsets.UTF_8));
            return HexFormat.of().formatHex(digest);
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("SHA-1 is part of every JDK", e);
        }
    }
}
