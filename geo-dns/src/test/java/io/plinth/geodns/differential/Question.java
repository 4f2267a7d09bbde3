package io.plinth.geodns.differential;

import java.util.Arrays;
import java.util.HexFormat;

/**
 * A query as it is sent.
 *
 * @param kind {@code query}, or what is odd about it
 * @param payload the size it gives in OPT; 0 without
 * @param stream whether it goes over TCP
 * @param text what it is, for people
 */
record Question(byte[] octets, String kind, int payload, boolean stream, String text) {
    /** The largest answer over UDP, where both sides take up to 1232 octets. */
    static final int PAYLOAD = 1_232;

    /** Where the question section ends, if the name in it is a plain one. */
    byte[] section() {
        int at = 12;
        while (at < octets.length && octets[at] > 0) {
            at += octets[at] + 1;
        }
        return Arrays.copyOfRange(octets, 12, Math.min(octets.length, at + 5));
    }

    /** The largest answer it may have over UDP (RFC 6891 section 6.2.3). */
    int udpLimit() {
        return Math.max(512, Math.min(payload, PAYLOAD));
    }

    Question overTcp() {
        return new Question(octets, kind, payload, true, text);
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof Question question && Arrays.equals(octets, question.octets);
    }

    @Override
    public int hashCode() {
        return Arrays.hashCode(octets);
    }

    @Override
    public String toString() {
        return kind + ": " + text + (stream ? " over TCP" : "") + " "
                + HexFormat.of().formatHex(octets);
    }
}
